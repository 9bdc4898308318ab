/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Machines switched through their management controllers: who may be, in which turn, and what
 * counts as success. Nothing here speaks with a controller: web hands out what fleet_power_tick()
 * takes, by way of escrow, and brings the answers back. Success of BOOT and MEDIA is the machine's
 * own question for its boot, never the controller's word.
 *
 * Errors as in store.h. Used by web for the page, by campaigns, and by `netmend power`, a process
 * of its own on the same store.
 */
#ifndef FLEET_POWER_H
#define FLEET_POWER_H

#include "appliance/fleet/fleet.h"
#include "appliance/fleet/operator.h"
#include "appliance/store/power.h"

/* So long counts a machine that was switched on for its rack and feed (inrush current), for its own
 * question for a boot (servers take their time), and an order that "later" was answered to. */
#define FLEET_POWER_SETTLE_MS ((int64_t)30 * 1000)
#define FLEET_POWER_BOOT_MS   ((int64_t)15 * 60 * 1000)
#define FLEET_POWER_LATER_MS  ((int64_t)30 * 1000)
#define FLEET_POWER_LATER_MAX 20
/* The image of MEDIA is taken out so long after its machine has started from it: by then all of it
 * is in memory. */
#define FLEET_POWER_EJECT_MS \
	((int64_t)10 * 60 * 1000) /* then it has failed; within NM_POWER_MACHINE_HOUR */
/* What is under way so long has lost who drove it. */
#define FLEET_POWER_LOST_MS ((int64_t)(NM_POWER_SECONDS_MAX + 60) * 1000)
/* A Windows that was heard asking for an address so short a time ago is up; a fixer that fell
 * silent so short a time ago while it saved or repaired may still be writing. */
#define FLEET_POWER_ALIVE_MS ((int64_t)15 * 60 * 1000)

#define FLEET_POWER_AT_ONCE  20 /* where nobody says otherwise */
#define FLEET_POWER_PER_RACK 2

/* What is ordered, of one machine or of many. */
struct fleet_power {
	enum power_what what;
	bool force;        /* also machines that answer as alive; never one whose repair runs */
	const char *why;   /* "" */
	const char *image; /* of MEDIA: a URL that the controllers can reach; else "" */
	int at_once, per_rack, per_feed; /* 0: no limit */
	bool scope_all;                  /* all machines are answered (the configuration's scope) */
	int64_t campaign;                /* 0: a person orders */
	int wave;
};

/* What would be done with one machine, or why nothing. */
struct fleet_power_look {
	char name[NM_MAX_NAME + 1];
	char bmc[BMC_TYPE_TEXT + BMC_ADDRESS_TEXT + 1]; /* "ipmi 10.9.0.5"; "": none known */
	char deed[120];     /* "off, one start from the network, on"; "" when refused */
	enum reason reason; /* OK; POWER_NO_BMC, POWER_ALIVE, NOT_IN_SCOPE, NOT_NOW */
	char text[240];     /* why not, and what to do */
};

/* Exactly what ordering decides by: a dry run that says this is true. */
int fleet_power_look(struct store *s, const struct machine *m, const struct fleet_power *order,
        int64_t now, struct fleet_power_look *ret);

/* Within a transaction, without a record of its own: looks and, where reason is OK then, makes the
 * order. */
int fleet_power_make(struct store *s, const struct machine *m, const struct fleet_power *order,
        const char *by, int64_t now, struct fleet_power_look *ret);

struct fleet_power_many {
	const struct fleet_power *order;
	const int64_t *machines;
	size_t count;
	const char *chosen; /* how they were chosen, for the record */
	bool dry_run;       /* only looks: nothing is changed */
	/* Told of each machine, ordered or refused; one that is not there: NOT_FOUND. */
	void (*told)(int64_t machine, const struct fleet_power_look *look, void *context);
	void *context;
};
/* To many, a slice of them; as fleet_act_slice(), fleet_act(). */
int fleet_power_slice(struct store *s, const struct actor *by, const struct fleet_power_many *many,
        struct fleet_progress *p);
int fleet_power_order(struct store *s, const struct actor *by, const struct fleet_power_many *many,
        size_t *ret_done);

/* Orders of these machines (NULL: all) that wait are stopped, one that is BOOTING is not waited for
 * any more; what is being driven goes on to its end. One durable transaction with its record. */
int fleet_power_stop(struct store *s, const struct actor *by, const int64_t *machines, size_t count,
        const char *why, size_t *ret_stopped);
/* Within a transaction: waiting orders of a campaign that is paused or over. */
int fleet_power_stop_campaign(struct store *s, int64_t campaign, int64_t now, const char *why);

/* ---- web: driving ---- */

/* What is to be asked of escrow, for one order. */
struct fleet_power_question {
	int64_t order;
	enum power_what what;
	bool other; /* the second try */
	const char *by, *why, *image;
	struct machine machine;
	char macs[4][MAC_TEXT]; /* "" behind the last */
	char knock[IPV4_TEXT];  /* where a Windows that is up would answer: POWER_ALIVE then,
	                           without asking escrow; "": nowhere */
};
/* 0: an answer will come (fleet_power_answered()), never from within; -EAGAIN: not now, nothing was
 * done: asked again in half a minute, which uses up no try. An answer VAULT_LOCKED is the same. */
typedef int fleet_power_drive(void *context, const struct fleet_power_question *q);

/* Once a second: machines that have asked for their boot, those that did not in time, orders whose
 * driver is gone; then takes what has its turn, durably, and hands it to drive. What its turn finds
 * changed is not driven: DONE when the machine has come by itself, STOPPED when a person has held
 * it or taken it out, FAILED when it is alive or its controller is not known any more. drive NULL:
 * this appliance cannot drive now. */
int fleet_power_tick(struct fleet *f, fleet_power_drive *drive, void *context);

struct fleet_power_answer {
	enum reason reason;                        /* OK or POWER_*, VAULT_LOCKED, ... */
	const char *text;                          /* clean */
	const char *type, *address, *power, *boot; /* as far as known, else "" */
	const char *steps;                         /* JSON array; NULL */
};
/* What came of a question. NULL: none will come, and what was done is not known. An order that is
 * not under way any more by us is left alone. */
int fleet_power_answered(struct fleet *f, int64_t order, const struct fleet_power_answer *answer);

#endif
