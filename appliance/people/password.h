/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords of people: never kept, only what Argon2id (RFC 9106) makes of them. */
#ifndef PEOPLE_PASSWORD_H
#define PEOPLE_PASSWORD_H

#include "appliance/store/people.h"
#include "fixer/base/secret.h"

/* 0; -EINVAL: shorter than NM_PASSWORD_MIN characters, or no UTF-8 text; -EMSGSIZE: longer than
 * NM_MAX_PASSPHRASE bytes. */
int password_judge(const char *password);

/* Some 40 ms and 19 MiB each. password is text followed by a NUL. -ENOMEM. */
int password_hash(const struct secret *password, char ret[PASSWORD_HASH_TEXT]);
/* 0: it is the right one; -EACCES: it is not; -ENOMEM. */
int password_check(const char *hash, const struct secret *password);

/* What an unknown name's password is checked against, so that it takes as long; nobody knows a
 * password for it. */
extern const char password_nobody[PASSWORD_HASH_TEXT];

#endif
