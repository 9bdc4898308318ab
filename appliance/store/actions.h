/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people did: a record is written in the transaction of the deed. Errors as in store.h. */
#ifndef STORE_ACTIONS_H
#define STORE_ACTIONS_H

#include "appliance/store/store.h"

/* Who does something. */
struct actor {
	char name[PLACE_TEXT]; /* of a person or an API token; "root (anna)" at a shell */
	char role[16];      /* at that moment: viewer, operator, approver, admin, root, appliance */
	char via[16];       /* page, api, command line, appliance */
	char ip[IPV4_TEXT]; /* the browser's or client's; "" at a shell */
};

struct store_action {
	int64_t id; /* set by the store */
	int64_t at;
	struct actor actor;
	char verb[33]; /* "hold", "campaign-start", "role" */
	char kind[17]; /* machine, model, campaign, person, token, inventory, keys, appliance */
	char object[NM_MAX_NAME + 1]; /* its name */
	char text[NM_MAX_EVENT_TEXT + 1];
};

/* Within a transaction. Strings are cleaned by the caller. */
int store_action_add(struct store *s, const struct store_action *action);
/* The newest first, those with an id below before (0: all), at most limit. */
int store_actions(struct store *s, int64_t before, size_t limit,
        int (*each)(const struct store_action *action, void *context), void *context);

#endif
