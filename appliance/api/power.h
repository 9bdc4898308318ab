/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Web's part in switching machines: which of them have a controller (asked of escrow now and then),
 * orders whose turn has come (knocked at first, then handed to escrow), and looks a person waits
 * for. Nobody ever waits here.
 */
#ifndef API_POWER_H
#define API_POWER_H

#include "appliance/api/escrow_client.h"
#include "appliance/fleet/power.h"

struct web_power;

struct web_power_options {
	struct loop *loop;
	struct fleet *fleet;
	struct escrow_client *escrow;
	/* A look has its answer, or will get none: web_power_look_take(). */
	void (*looked)(void *context, int64_t ticket);
	void *context;
};

int web_power_new(const struct web_power_options *options, struct web_power **ret);
void web_power_free(struct web_power *p); /* NULL is fine */
/* Once a second; now: http_clock(). */
void web_power_tick(struct web_power *p, int64_t now);

/* What the escrow client tells. */
void web_power_powered(struct web_power *p, int64_t ticket, const struct escrow_power *answer);
void web_power_bmcs_known(struct web_power *p, json_t *known);

/* ---- looks: "status", "check", "console" ---- */

/* *ret_ticket: for web_power_look_take(). -EBUSY: too many at the same time, or this machine has
 * one; another -errno: escrow cannot be asked. */
int web_power_look(struct web_power *p, const struct machine *m, const char *order, const char *by,
        int64_t until, int64_t *ret_ticket);
/* 1: *ret is its answer as the page is told (to be dropped); 0: it is still to come; -ENOENT: none
 * will come. Forgets it when it is not 0. */
int web_power_look_take(struct web_power *p, int64_t ticket, json_t **ret);

/* ---- files of this part only ---- */

/* power_known.c */
struct power_known;
struct power_known *power_known_new(struct fleet *fleet, struct escrow_client *escrow);
void power_known_free(struct power_known *k);
void power_known_tick(struct power_known *k, int64_t now);
void power_known_answer(struct power_known *k, json_t *known);

/* power_knock.c: at the ports of a Windows; one of them answers, or the machine refuses. */
struct knocks;
typedef void knock_done(void *context, const struct fleet_power_question *q, const char *alive);
struct knocks *knocks_new(struct loop *loop, knock_done *done, void *context);
void knocks_free(struct knocks *k);
/* done() is told later, never from within. -EAGAIN: too many at once. */
int knocks_begin(struct knocks *k, const struct fleet_power_question *q, int64_t now);
void knocks_tick(struct knocks *k, int64_t now); /* those that nobody answered are over */

/* Up to four MACs of the machine. */
int web_power_macs(struct store *s, int64_t machine, char ret[4][MAC_TEXT]);

#endif
