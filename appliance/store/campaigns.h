/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Campaigns, their waves and the machines in them. Errors as in store.h; what changes rows is
 * called within a transaction. */
#ifndef STORE_CAMPAIGNS_H
#define STORE_CAMPAIGNS_H

#include "appliance/store/power.h"

enum campaign_state {
	CAMPAIGN_DRAFT,
	CAMPAIGN_RUNNING,
	CAMPAIGN_PAUSED,
	CAMPAIGN_STOPPED, /* by its failure rate */
	CAMPAIGN_ABORTED,
	CAMPAIGN_FINISHED,
	CAMPAIGN_STATES
};
const char *campaign_state_name(enum campaign_state state); /* "running"; static */

/* Escrow's record and a file name hold it. */
#define CAMPAIGN_NAME 64
#define WAVE_NAME     65
/* Waves of a plan and the last one, "rest". */
#define WAVES_MAX (NM_MAX_WAVES + 1)

struct store_campaign {
	int64_t id;
	char name[CAMPAIGN_NAME];
	enum campaign_state state;
	enum reason reason; /* why it is in that state */
	char text[NM_MAX_EVENT_TEXT + 1];
	int64_t created, started, ended; /* ms; 0: not yet */
	char created_by[PLACE_TEXT];
	int64_t changed; /* grows with each change of a campaign; set by the store */
	int64_t judged;  /* what failed before that does not stop the line any more */
	int64_t window_from, window_until; /* 0: open */
	char approval[16];                 /* config, auto, pairing, two-person */
	bool dry_run;
	char *plan, *recipe; /* JSON and INI text, malloc()ed by the getter */
	char *report;        /* JSON, as it was at the end; "" before */
};
void store_campaign_free(struct store_campaign *c); /* frees what it owns, not c itself */

/* Running, paused or stopped: its machines are nobody else's. */
bool campaign_is_live(enum campaign_state state);

/* -EEXIST: the name is taken. */
int store_campaign_add(struct store *s, const struct store_campaign *c, int64_t *ret_id);
int store_campaign_get(struct store *s, int64_t id, struct store_campaign *ret);
/* Writes every field but id, created, created_by and changed. */
int store_campaign_save(struct store *s, const struct store_campaign *c);
int store_campaign_delete(struct store *s, int64_t id); /* with its waves */
/* Numbers of all, or of those that are live, the oldest first: *ret malloc()ed. */
int store_campaign_ids(struct store *s, bool live, int64_t **ret, size_t *ret_count);
/* Of those that are over, whose report is not kept yet: looked for whenever a machine leaves one.
 */
int store_campaign_unkept(struct store *s, int64_t **ret, size_t *ret_count);
/* Grows when any campaign changes; 0: there is none. */
int store_campaigns_changed(struct store *s, int64_t *ret);

struct store_wave {
	int number; /* from 1 */
	char name[WAVE_NAME];
	int64_t opened; /* ms; 0: not yet */
	int64_t ready;  /* since when enough of the wave before have returned; 0: they have not */
	int rank;       /* of the start order: so far it is open */
	int quota;      /* machines it takes; 0: all that match */
	bool done;      /* all its machines are back */
};
/* In place of those it has. */
int store_waves_set(
        struct store *s, int64_t campaign, const struct store_wave *waves, size_t count);
int store_waves(
        struct store *s, int64_t campaign, struct store_wave ret[WAVES_MAX], size_t *ret_count);
int store_wave_save(struct store *s, int64_t campaign, const struct store_wave *wave);

/* ---- machines ---- */

/* What stands between a machine and its turn, in one look. -ENOENT: no such campaign or wave. */
struct store_turn {
	enum campaign_state state;
	int64_t window_from, window_until;
	int64_t opened; /* its wave */
	int rank;
	bool dry_run;
	char name[CAMPAIGN_NAME];
	char approval[16];
};
int store_campaign_turn(struct store *s, int64_t campaign, int wave, struct store_turn *ret);

/* Machines of a campaign that look alike. */
struct store_group {
	int wave, rank;
	bool held;
	enum machine_state state;
	enum reason reason;
	bool judged;  /* in this state since `judged` or later */
	bool settled; /* and since `settled` or earlier */
	bool open;    /* its turn has come */
	bool bmc;     /* a management controller is known */
	/* The campaign's latest order to it, since the machine joined or was told to try again. */
	bool ordered;
	enum power_progress power;
	bool unpowered; /* it failed, but not as the machine answers as alive; nor came it since */
	bool power_judged; /* the order ended then: `judged` or later */
	int64_t count;
};
/* power: what it says of power is asked for, too; else it is nothing. */
int store_campaign_groups(struct store *s, int64_t campaign, bool power, int64_t judged,
        int64_t settled, int (*each)(const struct store_group *group, void *context),
        void *context);

/* Numbers of its machines (of one wave; 0: of all) in order: *ret malloc()ed. */
int store_campaign_machines(
        struct store *s, int64_t campaign, int wave, int64_t **ret, size_t *ret_count);
/* How many each wave has, by number from 1. */
int store_campaign_sizes(struct store *s, int64_t campaign, int64_t ret[WAVES_MAX + 1]);
/* The lowest start order above `above` in the wave; -ENOENT: none. */
int store_campaign_next_rank(struct store *s, int64_t campaign, int wave, int above, int *ret);

/* A machine as a plan looks at it. */
struct store_candidate {
	int64_t id;
	char name[NM_MAX_NAME + 1], mac[MAC_TEXT], ip[IPV4_TEXT], serial[NM_MAX_NAME + 1];
	char site[PLACE_TEXT], floor[PLACE_TEXT], owner[PLACE_TEXT], ring[PLACE_TEXT];
	char rack[PLACE_TEXT], feed[PLACE_TEXT];
	bool bmc; /* a management controller is known */
	enum machine_state state;
	enum reason reason;
	bool live; /* it is in a campaign that is live */
};
/* All machines in order of number. later: only those that may join a running campaign (in none that
 * is live, not repaired; one that was only looked at is not). */
int store_candidates(struct store *s, bool later,
        int (*each)(const struct store_candidate *c, void *context), void *context);
int store_candidate(struct store *s, int64_t machine, struct store_candidate *ret);

/*
 * Brings every machine of the campaign in line with its waves: `open`, and of those that wait
 * (nobody holds them, no fixer works on them) state and reason; each that changes gets an event
 * with the step "campaign". shut: the reason that closes all waves, or OK. *ret_count: how many
 * changed.
 */
int store_campaign_align(
        struct store *s, int64_t campaign, int64_t now, enum reason shut, int64_t *ret_count);
/* The same, only counted. */
int store_campaign_unaligned(
        struct store *s, int64_t campaign, enum reason shut, int64_t *ret_count);

/* When a machine of the campaign came to a step last since `from`, and with what reason: its boot,
 * session, result, or Windows. In order of machines. */
struct store_step {
	int64_t machine;
	char step[33];
	int64_t at;
	enum reason reason;
};
int store_campaign_steps(struct store *s, int64_t campaign, int64_t from,
        int (*each)(const struct store_step *step, void *context), void *context);
/* Machines of the campaign that are to be switched on: their turn has come and they only wait, they
 * have a management controller, no order of the campaign went to it since they joined or were told
 * to try again (one that was stopped before `judged` does not count: the line stood), and they have
 * not asked for their boot since `asked`: who has comes by itself. In their start order, then by
 * number: *ret malloc()ed. */
int store_campaign_power_due(struct store *s, int64_t campaign, int64_t judged, int64_t asked,
        int64_t **ret, size_t *ret_count);
/* Of one machine, in the campaign it is in. */
int store_campaign_unpowered(struct store *s, int64_t machine, bool *ret);
/* Machines with an order of the campaign that waits, all of them or only those whose turn it is not
 * any more (shut, held, repaired, come by themselves): *ret malloc()ed. */
int store_campaign_power_waiting(
        struct store *s, int64_t campaign, bool all, int64_t **ret, size_t *ret_count);
/* The latest order of the campaign to each of its machines that has one, in order of machines. */
struct store_campaign_order {
	int64_t machine;
	enum power_progress power;
	enum reason reason;
	char text[NM_MAX_EVENT_TEXT + 1];
	int tries;
};
int store_campaign_power_orders(struct store *s, int64_t campaign,
        int (*each)(const struct store_campaign_order *order, void *context), void *context);
/* Machines of it that were given a key since `from`. */
int store_campaign_released(struct store *s, int64_t campaign, int64_t from, int64_t *ret);

#endif
