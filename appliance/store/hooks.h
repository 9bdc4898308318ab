/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What webhooks are told of, and how far each is. Errors as in store.h. */
#ifndef STORE_HOOKS_H
#define STORE_HOOKS_H

#include "appliance/store/store.h"

#define HOOK_NAME 32

struct store_hook {
	char name[HOOK_NAME];
	int64_t cursor;                   /* the last event it has, or that is not for it */
	int64_t campaigns;                /* likewise: `changed` of the last campaign */
	int64_t delivered;                /* events */
	int64_t failures;                 /* calls that failed */
	char text[NM_MAX_EVENT_TEXT + 1]; /* why the last one failed; "": it did not */
};

/* By name. */
int store_hooks(
        struct store *s, int (*each)(const struct store_hook *hook, void *context), void *context);
/* Finds it, or makes one that is told of nothing before now. In a transaction of its own. */
int store_hook_open(struct store *s, const char *name, struct store_hook *ret);
/* Within a transaction. delivered and failures are added to those kept. A cursor never goes back:
 * one that another appliance has moved on stays. */
int store_hook_save(struct store *s, const struct store_hook *hook);

/* A machine's state or reason is another one. Texts last until each() returns. */
struct store_change {
	int64_t seq, at;
	enum machine_state state;
	enum reason reason;
	const char *text;
	const char *previous; /* state; "": its first event */
	int64_t machine;
	/* As they are now; site and campaign (its name) "" without one. */
	const char *name, *mac, *serial, *site, *campaign;
};
/* Looks at the events after `after`, at most limit of them, and calls each() for those that are a
 * change. *ret_seen: the last one looked at. */
int store_changes(struct store *s, int64_t after, size_t limit, int64_t *ret_seen,
        int (*each)(const struct store_change *change, void *context), void *context);

/* A campaign that changed, as it is now. */
struct store_campaign_change {
	int64_t changed, id;
	const char *name, *state, *text;
	enum reason reason;
};
int store_campaign_changes(struct store *s, int64_t after,
        int (*each)(const struct store_campaign_change *change, void *context), void *context);

#endif
