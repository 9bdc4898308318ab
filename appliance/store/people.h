/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accounts, their logins, API tokens and the set-up link. Of every secret only a hash is kept.
 * Errors as in store.h. What people may do to each other, and that it is written down, is in
 * appliance/people/people.h.
 */
#ifndef STORE_PEOPLE_H
#define STORE_PEOPLE_H

#include "appliance/store/store.h"

enum role { ROLE_VIEWER, ROLE_OPERATOR, ROLE_APPROVER, ROLE_ADMIN, ROLE_COUNT };

/* "viewer"; static. -1 when there is none of that name. */
const char *role_name(enum role role);
int role_parse(const char *name);

#define PASSWORD_HASH_TEXT 128 /* crypto_pwhash_STRBYTES of libsodium */

struct person {
	int64_t id; /* set by the store */
	char name[PLACE_TEXT];
	enum role role;
	bool disabled;
	char password[PASSWORD_HASH_TEXT]; /* Argon2id, as libsodium writes it */
	int64_t created;
	char created_by[PLACE_TEXT];
	int64_t seen; /* a call of theirs, to the minute; 0: never */
};

/* -EEXIST: the name is taken. */
int store_person_add(struct store *s, const struct person *person, int64_t *ret_id);
int store_person_get(struct store *s, int64_t id, struct person *ret);
int store_person_by_name(struct store *s, const char *name, struct person *ret);
/* Role, password and disabled. */
int store_person_save(struct store *s, const struct person *person);
/* And all logins. */
int store_person_remove(struct store *s, int64_t id);
/* By name. */
int store_people(
        struct store *s, int (*each)(const struct person *person, void *context), void *context);
int store_people_count(struct store *s, int64_t *ret);
/* Those that are not disabled. */
int store_admin_count(struct store *s, int64_t *ret);

/* What is kept of a login's, a token's or a set-up link's secret. */
#define PASS_HASH 32
void store_pass_hash(const char *secret, uint8_t ret[PASS_HASH]);

struct store_login {
	struct person person;
	int64_t created, seen;
};

int store_login_add(struct store *s, const uint8_t hash[PASS_HASH], int64_t person, const char *ip,
        int64_t now);
/* -ENOENT also when the person is disabled. */
int store_login_get(struct store *s, const uint8_t hash[PASS_HASH], struct store_login *ret);
/* Within a transaction: it was used, and so was the account. */
int store_login_touch(struct store *s, const uint8_t hash[PASS_HASH], int64_t person, int64_t now);
int store_login_end(struct store *s, const uint8_t hash[PASS_HASH]);
/* All of a person but this one (NULL: all). */
int store_logins_end(struct store *s, int64_t person, const uint8_t except[PASS_HASH]);
/* Of a person, all but the newest `keep`. */
int store_logins_trim(struct store *s, int64_t person, int64_t keep);
/* Those made before. */
int store_logins_expire(struct store *s, int64_t created);
/* How many of the person's logins came from this address. */
int store_logins_from(struct store *s, int64_t person, const char *ip, int64_t *ret);

struct api_token {
	int64_t id; /* set by the store */
	char name[PLACE_TEXT];
	enum role role;
	int64_t created;
	char created_by[PLACE_TEXT];
	int64_t expires; /* 0: never */
	int64_t used;    /* to the minute; 0: never */
};

/* -EEXIST: the name is taken. */
int store_api_token_add(struct store *s, const uint8_t hash[PASS_HASH],
        const struct api_token *token, int64_t *ret_id);
int store_api_token_get(struct store *s, int64_t id, struct api_token *ret);
int store_api_token_by_hash(struct store *s, const uint8_t hash[PASS_HASH], struct api_token *ret);
int store_api_token_touch(struct store *s, int64_t id, int64_t now);
int store_api_token_remove(struct store *s, int64_t id);
int store_api_tokens(
        struct store *s, int (*each)(const struct api_token *token, void *context), void *context);
int store_api_token_count(struct store *s, int64_t *ret);

/* The one set-up link there is: the newest. */
int store_setup_set(struct store *s, const uint8_t hash[PASS_HASH], int64_t expires);
int store_setup_get(struct store *s, const uint8_t hash[PASS_HASH], int64_t *ret_expires);
int store_setup_clear(struct store *s);

#endif
