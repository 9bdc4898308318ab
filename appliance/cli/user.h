/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of `netmend user`. */
#ifndef CLI_USER_H
#define CLI_USER_H

#include "appliance/cli/verb.h"
#include "appliance/store/people.h"

int user_token(const struct cli_call *call);

/* For the files of user*.c: prints why a deed of people/people.h on `what` was not done. CLI_OK
 * when r is 0. */
int user_done(int r, const char *what);
/* The role of the word; prints which there are. */
int user_read_role(const char *word, enum role *ret);
/* The name as people_name() wants it; prints what a name is. */
int user_read_name(const char *word, char ret[PLACE_TEXT]);
/* Prints which API tokens this person has made: they stay good. 0 or what the store says. */
int user_tell_tokens(struct store *store, const char *name);

#endif
