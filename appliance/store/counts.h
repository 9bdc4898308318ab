/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many of what there are, counted by the database. Errors as in store.h. */
#ifndef STORE_COUNTS_H
#define STORE_COUNTS_H

#include "appliance/store/store.h"

/* Machines that look alike. */
struct store_count {
	const char *campaign, *wave; /* names, until each() returns; "" when not asked for */
	enum machine_state state;
	enum reason reason;
	int64_t machines;
};

/* All machines by state and reason; those of each campaign by wave, too. */
int store_counts(struct store *s, int (*each)(const struct store_count *count, void *context),
        void *context);
int store_campaign_counts(struct store *s,
        int (*each)(const struct store_count *count, void *context), void *context);

/* All machines by site, as the inventory has it, in order of the sites' names; site "": not known.
 */
int store_site_counts(struct store *s,
        int (*each)(const char *site, const struct store_count *count, void *context),
        void *context);

/* All machines by state, from an index alone. */
int store_state_counts(struct store *s, int64_t ret[STATE_COUNT]);

/* Campaigns by state. */
int store_campaign_states(struct store *s,
        int (*each)(const char *state, int64_t count, void *context), void *context);

/* Boots of all machines that were handed the fixer. */
int store_attempts(struct store *s, int64_t *ret);

/* An appliance as it wrote itself into the store. */
struct store_appliance_row {
	char id[PLACE_TEXT], name[PLACE_TEXT], address[PLACE_TEXT], version[PLACE_TEXT];
	int64_t started, seen;         /* ms */
	char twin[2 * PLACE_TEXT + 4]; /* another one with this id, noticed last ... */
	int64_t twin_seen;             /* ... then; 0: never */
};
/* All of them, in order of their ids. */
int store_appliance_rows(struct store *s,
        int (*each)(const struct store_appliance_row *row, void *context), void *context);
/* Appliances of this store that were there since `since`. */
int store_appliances_since(struct store *s, int64_t since, int64_t *ret);

#endif
