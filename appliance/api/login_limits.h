/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guessing is slowed down, and written down without filling the store. */
#ifndef API_LOGIN_LIMITS_H
#define API_LOGIN_LIMITS_H

#include "appliance/api/api.h"

/* Tries within a minute: of one address; and for one name, from all addresses its person has no
 * login from. Who is signed in somewhere is not shut out there by others' guesses elsewhere. */
#define LOGIN_ADDRESS_MINUTE 20
#define LOGIN_NAME_MINUTE    10
/* Failures of a minute that are written down one by one. */
#define LOGIN_FAILURES_TOLD 10

/* Counts one try; false: it has its reply (429 TRY_LATER). person is 0 for a name nobody has, name
 * "" when it is about none: a set-up link cannot be guessed, and must not be shut by who tries. */
bool login_limits_admit(
        struct http_request *r, struct web_api *a, const char *name, int64_t person);

/* A try failed. name is "" for one nobody has: it may be a password typed in the wrong place. */
void login_limits_failed(struct http_request *r, struct web_api *a, const char *name);

/* Once a second: what was not written down one by one is, as a number. */
void login_limits_tick(struct web_api *a, int64_t now);

#endif
