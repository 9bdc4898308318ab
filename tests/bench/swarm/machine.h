/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A simulated machine: what it does, and the ledger of what the appliance has answered. A call that
 * is sent and never answered may have had its effect; one that was answered has had it once.
 */
#ifndef SWARM_MACHINE_H
#define SWARM_MACHINE_H

#include "netmend/reason.h"
#include "tests/bench/swarm/call.h"
#include "tests/bench/swarm/figures.h"
#include "tests/bench/swarm/keys.h"
#include "tests/bench/swarm/options.h"

#define SWARM_BOOTS  8
#define SWARM_EVENTS 24 /* of one boot */

/* One boot that was handed a token. */
struct boot {
	char token[33], boot_id[37], session[33], sha256[65];
	uint8_t public_key[32], secret_key[32];
	int attempt;
	bool pending;                     /* it was told of an interrupted repair */
	bool session_sent, session_taken; /* taken: answered with success */
	unsigned sent, taken;             /* its events up to this one */
	uint8_t told[SWARM_EVENTS];       /* which act event n (from 1) at [n - 1] tells of */
	bool key_taken;                   /* the key came, and is the right one */
	bool journal_sent, journal_taken;
	bool result_sent, result_taken;
	enum reason result;
};

struct swarm;

struct machine {
	struct call call;
	struct timer timer;
	struct swarm *swarm;
	size_t number; /* from 0 */
	enum story story;
	const struct swarm_key *key;
	struct in_addr address;
	char mac[18], uuid[GUID_TEXT], serial[24];

	size_t act;     /* of the boot's acts, under way or next */
	size_t fall_at; /* restart, silent: the act in which power goes, in the first boot */
	bool in_call, beating,
	        over;      /* beating: the call is a heartbeat; over: it does nothing more */
	bool active;       /* between boot and reboot */
	unsigned failures; /* of this call, in a row */
	int64_t call_begun, boot_begun, key_begun, heard_no_key, pause_end;
	enum figure figure;

	unsigned boots_sent; /* calls of /boot/ipxe that may have been counted */
	size_t boot_count;
	struct boot boots[SWARM_BOOTS];
	bool relapsed, sent_away;  /* it booted again after its return; was not repaired again */
	bool expects_return;       /* its Windows is up */
	struct loop_source window; /* the listener of its Windows */
	int window_fd;             /* -1: none */
	bool knocked;              /* the appliance has seen it */
	char problem[160];         /* what should not have happened */
};

struct swarm {
	const struct swarm_options *options;
	struct call_client client;
	struct timers timers;
	struct figures figures;
	struct machine *machines;
	size_t active, over;
	struct sockaddr_in http, https; /* https: of the boot script */
	char *token;                    /* for the page's API; "" without */
};

/* Fills in who it is. */
void machine_init(struct machine *m, struct swarm *s, size_t number, enum story story,
        const struct swarm_key *key);
void machine_switch_on(struct machine *m);
void machine_clear(struct machine *m);
/* Notes what should not have happened, and says it. */
void machine_problem(struct machine *m, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* ---- windows.c ---- */

void windows_up(struct machine *m);
void windows_down(struct machine *m);

#endif
