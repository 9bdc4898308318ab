/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking `netmend-escrow` over its Unix socket (appliance/README.md). Nothing waits: a question is
 * sent when the socket takes it, its answer comes through a callback. What passes here is sealed,
 * to the fixer's key or to escrow's.
 */
#ifndef API_ESCROW_CLIENT_H
#define API_ESCROW_CLIENT_H

#include "appliance/api/escrow_answer.h"
#include "appliance/store/campaigns.h"
#include "appliance/web/loop.h"

struct escrow_client;

struct escrow_client_options {
	const char *path; /* of the socket; borrowed */
	struct loop *loop;
	/* The answer to a release of this session (borrowed), or NULL: none will come. */
	void (*released)(void *context, int64_t session, const struct escrow_release *answer);
	/* What the box of this ticket led to, as the page is told (borrowed), or NULL likewise. */
	void (*boxed)(void *context, int64_t ticket, json_t *answer);
	/* What came of an order to a management controller, or a look at one (borrowed); NULL:
	 * none will come, and what was done is not known. */
	void (*powered)(void *context, int64_t ticket, const struct escrow_power *answer);
	/* Which of the machines asked for have a controller: [{"id","type","address"}]; NULL: it
	 * cannot be said now. */
	void (*bmcs_known)(void *context, json_t *known);
	/* This session (its secret) should ask again: what was pending is another one now. */
	void (*news)(void *context, const char *session);
	/* What escrow_client_status() or escrow_client_requests() says has changed. */
	void (*status_changed)(void *context);
	void (*requests_changed)(void *context);
	void *context;
};

int escrow_client_new(const struct escrow_client_options *options, struct escrow_client **ret);
void escrow_client_free(struct escrow_client *e);

/* Asks for the release of a session's volumes. secret: the session's id on the wire; address: the
 * one it asks from; turn: of its campaign. 0: the answer will come; negative errno: it cannot be
 * asked now. */
int escrow_client_release(struct escrow_client *e, const struct store_session *session,
        const char *secret, const struct machine *m, const char *address,
        const struct store_turn *turn);

/* Hands over what a page has sealed. op: "decide", "enter" or "keys"; box: base64; address: the
 * browser's; by: who it is, with "keys" alone, else NULL; ticket: the caller's number for the
 * answer. 0 or negative errno likewise. */
int escrow_client_box(struct escrow_client *e, const char *op, const char *box, const char *address,
        const char *by, int64_t ticket);

/* Reports a boot token or a session that is used as it must not be, for the audit record: reason is
 * TOKEN_INVALID, TOKEN_USED, TOKEN_EXPIRED, TOKEN_OTHER_ADDRESS or SESSION_REPLACED, m the machine
 * it belongs to (NULL: not known), address where it came from. Kept while escrow is away, a limited
 * number; what cannot be kept is logged. */
void escrow_client_misuse(
        struct escrow_client *e, enum reason reason, const struct machine *m, const char *address);

/* An order to a machine's management controller, or a look at it: "boot", "status", "console", ...
 * ticket: the caller's number for the answer. */
struct escrow_power_order {
	const char *order, *by, *why, *image;
	bool other;
	const struct machine *machine;
	const char (*macs)[MAC_TEXT]; /* four; "" behind the last */
};
int escrow_client_power(
        struct escrow_client *e, const struct escrow_power_order *order, int64_t ticket);
/* Which of these have a controller. machines: array for the message, taken over. */
int escrow_client_bmcs_known(struct escrow_client *e, json_t *machines);
/* One of them. NULL without memory. */
json_t *escrow_power_machine(const struct machine *m, const char (*macs)[MAC_TEXT]);

/* Once a second: connects, asks for status and requests every few seconds. */
void escrow_client_tick(struct escrow_client *e, int64_t now);

/* Both as the page's API has them, borrowed until the next change; never NULL but without memory.
 */
json_t *escrow_client_status(const struct escrow_client *e);
json_t *escrow_client_requests(const struct escrow_client *e);

/* What its last answer counted; zero before the first. */
struct escrow_figures {
	int64_t released;           /* keys, in the campaign named in its configuration */
	int64_t waiting;            /* machines */
	int64_t bmcs, bmc_revision; /* records of management controllers; another number after each
	                             * change of them */
	bool driven;                /* orders to them are taken */
};
struct escrow_figures escrow_client_figures(const struct escrow_client *e);

#endif
