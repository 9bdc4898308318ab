/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders to machines' management controllers (BMCs), and which machines have one. What becomes of
 * an order is decided in ../fleet/power.h. Errors as in store.h. */
#ifndef STORE_POWER_H
#define STORE_POWER_H

#include "appliance/store/store.h"

/* ---- which machines have a controller ---- */

#define BMC_TYPE_TEXT    8
#define BMC_ADDRESS_TEXT 256

/* As an appliance's escrow has its record: never more than kind and address. */
struct store_bmc {
	int64_t machine;
	char appliance[PLACE_TEXT];
	char type[BMC_TYPE_TEXT], address[BMC_ADDRESS_TEXT];
};

/* In the place of what this appliance knew of this machine. */
int store_bmc_set(struct store *s, const struct store_bmc *bmc);
/* This appliance knows none of it (no error when it did not). */
int store_bmc_remove(struct store *s, const char *appliance, int64_t machine);
/* Any appliance's, `first` (may be "") before others. -ENOENT. */
int store_bmc_get(struct store *s, int64_t machine, const char *first, struct store_bmc *ret);
/* Calls each() for those of an appliance with a machine above `after`, in order of machines, at
 * most limit. */
int store_bmcs(struct store *s, const char *appliance, int64_t after, size_t limit,
        int (*each)(const struct store_bmc *bmc, void *context), void *context);
/* Machines of which any appliance has a record. */
int store_bmc_count(struct store *s, int64_t *ret);

/* ---- orders ---- */

enum power_what {
	POWER_WHAT_BOOT, /* start from the network, once */
	POWER_WHAT_MEDIA,
	POWER_WHAT_EJECT,
	POWER_WHAT_ON,
	POWER_WHAT_OFF,
	POWER_WHAT_CYCLE,
	POWER_WHATS
};
const char *power_what_name(enum power_what what); /* "boot", ...; static */
int power_what_parse(const char *name);            /* -1: none */

enum power_progress {
	POWER_STATE_WAITING, /* for its turn */
	POWER_STATE_DRIVING, /* an appliance has it under way */
	POWER_STATE_BOOTING, /* driven: waits for the machine's own question for its boot */
	POWER_STATE_DONE,
	POWER_STATE_FAILED,
	POWER_STATE_STOPPED, /* by a person, or as a person's word has made it pointless */
	POWER_STATES
};
const char *power_progress_name(enum power_progress state); /* "waiting", ...; static */
int power_progress_parse(const char *name);                 /* -1: none */
bool power_is_open(enum power_progress state);              /* the first three */

#define POWER_WHY_TEXT   161
#define POWER_IMAGE_TEXT 512
#define POWER_WORD_TEXT  64

/* A URL as an order may have it: http or https, printable, without blanks, of that length. */
bool power_image_fits(const char *url);

/* Strings are clean. Times: ms since 1970, 0: not yet. */
struct store_power {
	int64_t id, machine;
	enum power_what what;
	bool force; /* also when the machine answers as alive */
	char by[PLACE_TEXT], why[POWER_WHY_TEXT];
	int64_t campaign; /* that ordered it; 0: a person */
	int wave;
	char image[POWER_IMAGE_TEXT];            /* of media */
	int at_once, per_rack, per_feed;         /* 0: no limit */
	char rack[PLACE_TEXT], feed[PLACE_TEXT]; /* of the inventory, when it was made; "" */
	int rank;                                /* likewise: 1 first; 0: none, last */
	enum power_progress state;
	enum reason reason; /* OK; why it waits; why it failed */
	char text[NM_MAX_EVENT_TEXT + 1];
	int tries; /* begun: 1, and 2 by the other method */
	int busy;  /* answers "later" within this try */
	int64_t created, due /* not before */, begun /* this try */, driven, ended;
	char appliance[PLACE_TEXT]; /* that took it last; "" */
	char type[BMC_TYPE_TEXT], address[BMC_ADDRESS_TEXT];
	char power[POWER_WORD_TEXT], boot[POWER_WORD_TEXT]; /* as the controller said last; "" */
	char *steps; /* JSON array of its steps, malloc()ed by the getters; NULL: none */
};
void store_power_free(struct store_power *p); /* what it owns, not p itself */

/* Within a transaction. id is set by the store. -EEXIST: the machine has an open order. */
int store_power_add(struct store *s, const struct store_power *p, int64_t *ret_id);
/* Every field but id, machine and created. */
int store_power_save(struct store *s, const struct store_power *p);
int store_power_get(struct store *s, int64_t id, struct store_power *ret);
/* The machine's latest; -ENOENT. */
int store_power_of_machine(struct store *s, int64_t machine, struct store_power *ret);
/* The latest that this one did not order; -ENOENT. */
int store_power_of_others(
        struct store *s, int64_t machine, const char *by, struct store_power *ret);
/* The latest that this campaign made for the machine; -ENOENT. */
int store_power_of_campaign(
        struct store *s, int64_t campaign, int64_t machine, struct store_power *ret);

/* Calls each() for orders in this state, without their steps, those with an id above `after` in
 * order of ids, at most limit. A non-zero return ends the walk and is returned. */
int store_powers_in(struct store *s, enum power_progress state, int64_t after, size_t limit,
        int (*each)(const struct store_power *p, void *context), void *context);
/* The newest first, those with an id below `before` (0: all), at most limit; campaign 0: of all.
 */
int store_powers(struct store *s, int64_t campaign, int64_t before, size_t limit,
        int (*each)(const struct store_power *p, void *context), void *context);
/* Waiting ones that are due and whose machine this appliance knows a controller of: the lowest
 * rank first (0 last), then the oldest. */
int store_powers_next(struct store *s, const char *appliance, int64_t now, size_t limit,
        int (*each)(const struct store_power *p, void *context), void *context);

/* Booting ones with an id above `after`: whose machine did anything since they were begun, or that
 * were not driven between these two times (ms since 1970). More than those that have succeeded, and
 * none of the many that go on waiting. */
int store_powers_moved(struct store *s, int64_t driven_from, int64_t driven_until, int64_t after,
        size_t limit, int (*each)(const struct store_power *p, void *context), void *context);
/* Waiting ones whose machine has no controller any more that an appliance knows of. */
int store_powers_without(struct store *s, int64_t after, size_t limit,
        int (*each)(const struct store_power *p, void *context), void *context);

/* How many are under way, or were driven after `since`: all, in the rack, on the feed ("" counts
 * as none: 0). */
struct store_power_load {
	int64_t all, rack, feed;
};
int store_power_load(struct store *s, int64_t since, const char *rack, const char *feed,
        struct store_power_load *ret);

/* How many are in each of the three open states; 0 for the others. */
int store_power_open_counts(struct store *s, int64_t ret[POWER_STATES]);
/* Of a campaign (0: of all): how many are in each state. */
int store_power_counts(struct store *s, int64_t campaign, int64_t ret[POWER_STATES]);

#endif
