/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may be done with accounts. Each deed is one durable transaction with its record of who did
 * it (store/actions.h). Errors as in store.h, and those told below; -EPERM: it would leave no
 * admin.
 */
#ifndef PEOPLE_PEOPLE_H
#define PEOPLE_PEOPLE_H

#include "appliance/store/actions.h"
#include "appliance/store/people.h"

#define PEOPLE_LOGINS 16 /* of one person at the same time; the oldest ends first */

/* A person's or token's name: 1 to 64 letters, digits and . _ @ -, in lower case from here on.
 * -EINVAL. */
int people_name(const char *text, char ret[PLACE_TEXT]);

/* ---- accounts (people.c) ---- */

/* name is from people_name(), hash from password_hash(). -EEXIST; -ENOSPC: NM_MAX_PEOPLE. */
int people_add(struct store *s, const struct actor *actor, int64_t now, const char *name,
        enum role role, const char *hash, int64_t *ret_id);

struct people_change {
	int role;         /* enum role; -1: as it is */
	int disabled;     /* 0, 1; -1: as it is */
	const char *hash; /* of a new password; NULL: as it is */
};
/* The person's logins end. -ENOENT, -EPERM. */
int people_change(struct store *s, const struct actor *actor, int64_t now, int64_t id,
        const struct people_change *change);
/* -ENOENT, -EPERM. */
int people_remove(struct store *s, const struct actor *actor, int64_t now, int64_t id);
/* The person's own deed; all other logins end. known: the hash the old password was checked
 * against; -ESTALE: it is another one now. */
int people_own_password(struct store *s, const struct actor *actor, int64_t now, int64_t id,
        const char *known, const char *hash, const uint8_t login[PASS_HASH]);

/* ---- logins and the set-up link (login.c) ---- */

#define PASS_TEXT 33 /* 128 random bits in hex */

/* The password was right. actor has via and ip; name and role are filled in. -ESTALE: the account
 * was changed or disabled meanwhile. */
int people_login(struct store *s, struct actor *actor, int64_t now, const struct person *person,
        char ret_secret[PASS_TEXT]);
int people_logout(
        struct store *s, const struct actor *actor, int64_t now, const uint8_t login[PASS_HASH]);

/* A new set-up link; an earlier one ends. -EEXIST: there are accounts. */
int people_setup_new(
        struct store *s, const struct actor *actor, int64_t now, char ret_token[PASS_TEXT]);
/* 0: it is valid; -EACCES: it is not, or there are accounts. */
int people_setup_judge(struct store *s, const char *token, int64_t now);
/* Makes the first admin, ends the link, signs in. -EACCES. */
int people_setup(struct store *s, struct actor *actor, int64_t now, const char *token,
        const char *name, const char *hash, char ret_secret[PASS_TEXT]);

/* Fills in who acts without an account: the appliance itself. */
void people_appliance(struct actor *ret);

/* ---- API tokens (token.c) ---- */

#define API_TOKEN_PREFIX "nm_"
#define API_TOKEN_TEXT   (sizeof(API_TOKEN_PREFIX) - 1 + PASS_TEXT)
#define API_TOKEN_DAYS   3650 /* at most */

/* days: 0: it does not expire. -EEXIST; -ENOSPC: NM_MAX_API_TOKENS. */
int people_token_add(struct store *s, const struct actor *actor, int64_t now, const char *name,
        enum role role, int days, char ret_secret[API_TOKEN_TEXT], int64_t *ret_id);
int people_token_remove(struct store *s, const struct actor *actor, int64_t now, int64_t id);

/* ---- for the files of this folder ---- */

/* Ends a transaction: commits when r is 0, with the record of the deed; else rolls back. */
int people_end(struct store *s, int r, const struct actor *actor, int64_t now, const char *verb,
        const char *kind, const char *object, const char *text);

#endif
