/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend release`: what its files share. Each verb has printed why when it isn't CLI_OK. */
#ifndef CLI_RELEASE_H
#define CLI_RELEASE_H

#include "appliance/cli/escrow_socket.h"

#include <stdbool.h>
#include <stdint.h>

#define RELEASE_SECONDS 30 /* for any answer; verifying passphrases queues */

struct release_call {
	struct escrow_socket *escrow;
	bool json;       /* --json */
	bool yes;        /* --yes: do not ask before releasing */
	const char *as;  /* --as NAME; NULL: root */
	const char *why; /* --why TEXT; "" */
};

int release_status(const struct release_call *call, int argc, char **argv);
int release_list(const struct release_call *call, int argc, char **argv);

/* argv: requests, codes or machines. */
int release_approve(const struct release_call *call, int argc, char **argv);
int release_deny(const struct release_call *call, int argc, char **argv);

/* argv: add NAME, remove NAME, list. */
int release_approver(const struct release_call *call, int argc, char **argv);

/* A text of an answer's object, fit for a terminal; "" when it is not there. Up to eight of them
 * are valid at a time. */
const char *release_text(const json_t *object, const char *key);

/* A number of it; 0 when it is not there. */
int64_t release_number(const json_t *object, const char *key);

/* Requests as a table with a heading, or as they came. */
int release_print_requests(json_t *requests, bool json);

#endif
