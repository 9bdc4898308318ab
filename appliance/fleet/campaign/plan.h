/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A campaign's plan: JSON of include/netmend/README.md, strict and bounded. */
#ifndef CAMPAIGN_PLAN_H
#define CAMPAIGN_PLAN_H

#include "appliance/store/campaigns.h"

#include <jansson.h>

/* What machines are chosen by. Lists are of texts (numbers too, in `machines`) and belong to the
 * plan; an empty one chooses nothing and excludes nothing. */
struct plan_lists {
	json_t *sites, *floors, *owners, *rings;
};

struct plan_wave {
	char name[WAVE_NAME];
	struct plan_lists lists;
	int machines; /* at most so many; 0: all that match */
	int percent;  /* of the scope; 0: all that match */
	/* When it opens, looking at the wave before. */
	bool by_hand;
	int returned_percent;
	int minutes;
};

#define PLAN_MINUTES_MAX (31 * 24 * 60)

/* Whether the campaign switches its machines by their management controllers, and how many start
 * at once: of all, of a rack, of a power feed. */
struct plan_power {
	bool drive;
	int at_once;            /* 1 to NM_POWER_AT_ONCE */
	int per_rack, per_feed; /* 0: no limit */
};
#define PLAN_POWER_GROUP_MAX 1000
#define PLAN_POWER_WORDS     120

struct plan {
	json_t *root; /* every field there, as campaigns show it */
	char name[CAMPAIGN_NAME];
	char *recipe; /* INI text, a built-in one's or the plan's own */
	struct {
		bool all;
		struct plan_lists lists;
		json_t *subnets;  /* checked CIDR texts */
		json_t *machines; /* numbers; or MAC, serial number or name */
	} scope;
	int64_t from, until; /* ms since 1970; 0: open */
	char approval[16];
	bool dry_run, start_order;
	size_t wave_count;
	struct plan_wave waves[NM_MAX_WAVES];
	int stop_percent; /* 0: never */
	int stop_at_least;
	struct plan_power power;
};

/* -EINVAL with VALUE_BAD naming the field (RECIPE_BAD for the recipe's text), -ENOMEM. *ret needs
 * plan_clear() after 0 only. json is borrowed. whole: every field has to be there, as in a call
 * (but `power`, which is younger than the call: without it nothing is driven; half of it is
 * refused); else, as in a file a person wrote, all but the names and the scope have a default. */
int plan_read(const json_t *json, bool whole, struct plan *ret, struct error *err);
int plan_parse(const char *text, size_t len, struct plan *ret, struct error *err);
void plan_clear(struct plan *p);

/* What a plan as campaigns show it says of power, in a sentence: "by their management controllers:
 * 20 at once, 2 of a rack"; "" when nothing is driven. */
void plan_power_words(const json_t *plan, char ret[PLAN_POWER_WORDS]);

/* The waves of the campaign: the plan's and the last one, "rest". */
size_t plan_wave_count(const struct plan *p);
const char *plan_wave_name(const struct plan *p, size_t wave); /* from 0 */
/* How many machines this wave takes of a scope of so many; 0: all that match. */
int plan_quota(const struct plan *p, size_t wave, int64_t scope);

/* "10.1.0.0/16" as network and mask in host order; false: it is none. */
bool plan_subnet(const char *text, uint32_t *ret_address, uint32_t *ret_mask);

bool plan_in_scope(const struct plan *p, const struct store_candidate *c);
/* Machines nobody has heard of yet may be meant: all of them, or a network's. */
bool plan_is_open_ended(const struct plan *p);
/* Whether one that turns up can still go into this wave (from 0). What a wave chooses by is of the
 * inventory, whose machines are all known; only their addresses are not. */
bool plan_wave_may_grow(const struct plan *p, size_t wave);
/* The MACs, names and serial numbers of the plan's machines, as keys of an object; and those of a
 * machine that is known struck from it. NULL: no memory. */
json_t *plan_listed(const struct plan *p);
void plan_strike(json_t *listed, const struct store_candidate *c);
/* The first wave (from 0) that takes it, when taken[] are in already; quota[] of each. The rest
 * takes everybody. */
size_t plan_wave_of(const struct plan *p, const struct store_candidate *c,
        const int quota[WAVES_MAX], const int64_t taken[WAVES_MAX]);

#endif
