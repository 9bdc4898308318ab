/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens to machines: the states, who is answered, what the server concludes from silence.
 * Every change is a transaction of the store with an event on the machine's timeline; nothing but
 * the configuration lives here, so a restart changes nothing. Functions return 0 or the store's
 * -errno, and what they say besides.
 */
#ifndef FLEET_FLEET_H
#define FLEET_FLEET_H

#include "appliance/store/store.h"
#include "fixer/base/error.h"

/* Silences, in ms. */
#define FLEET_SILENCE_MS ((int64_t)NM_SILENCE_LIMIT * 1000)
#define FLEET_BOOT_MS    ((int64_t)180 * 1000)     /* hand-out to session */
#define FLEET_RETURN_MS  ((int64_t)15 * 60 * 1000) /* reboot to Windows */
#define FLEET_REBOOT_MS  ((int64_t)3 * 60 * 1000)  /* a network boot so soon is no relapse */
/* Hand-outs to one machine within an hour; and how many of them a result may ask for with `again`.
 */
#define FLEET_GUARD_MS    ((int64_t)3600 * 1000)
#define FLEET_GUARD_COUNT 6
#define FLEET_AGAIN_COUNT 3
/* Boot tokens are forgotten after a day: by then neither a session nor the guard asks for them. */
#define FLEET_TOKEN_MS ((int64_t)24 * 3600 * 1000)
#define FLEET_SWEEP_MS ((int64_t)3600 * 1000) /* how often that is looked at */
/* Unlisted machines remembered at most: anybody can make up MACs. */
#define FLEET_MACHINES_MAX 100000

struct fleet {
	struct store *store;
	bool scope_all;         /* answer all but those done or held; else only those listed */
	const char *hosts;      /* directory of the answer list */
	int64_t (*clock)(void); /* ms since 1970 */
	int64_t started;        /* by clock: nobody was heard while we did not run */
	int64_t swept;          /* when old tokens were deleted last; 0: not yet */
	bool answers_stale;     /* set here: fleet_answer_list() is due (nobody waits for it) */
	/* Some machine changed: tell the pages. Called outside of transactions. */
	void (*changed)(void *context);
	void *context;
};

/* ---- who is answered ---- */

/* True when dnsmasq and GET /boot/ipxe should serve the machine. */
bool fleet_answers(const struct fleet *f, const struct machine *m);
/* Brings the files of one machine, or of all, in line with that; *ret_changed: dnsmasq has to be
 * told. One file a MAC, named with '-', holding the bare MAC. In scope "all" the files name the
 * machines that are *not* answered. */
int fleet_answer_machine(struct fleet *f, int64_t machine, bool *ret_changed);
int fleet_answer_list(struct fleet *f, bool *ret_changed);

/* ---- boot ---- */

struct fleet_identity {
	char mac[MAC_TEXT], ip[IPV4_TEXT], uuid[UUID_TEXT];
	char serial[NM_MAX_NAME + 1], asset[NM_MAX_NAME + 1];
	char manufacturer[NM_MAX_NAME + 1], product[NM_MAX_NAME + 1];
};

enum fleet_decision {
	FLEET_REMEDIATE, /* token made, attempt counted */
	FLEET_LOCAL,     /* say so and restart: not ours, or repaired */
	FLEET_HOLD,      /* wait and ask again */
};

#define TOKEN_TEXT 33

/* A machine's iPXE asks what to do. A machine nobody knows is remembered as `ignored`, or, in scope
 * "all", served. -ENOSPC: too many machines known. */
int fleet_boot(struct fleet *f, const struct fleet_identity *identity, enum fleet_decision *ret,
        struct machine *ret_machine, char ret_token[TOKEN_TEXT]);
/* It fetched the initrd. */
int fleet_boot_progress(struct fleet *f, const char *ip);

/* ---- session ---- */

struct fleet_hello {
	const char *token, *boot_id, *key;
	const char *volumes;            /* JSON array */
	struct fleet_identity identity; /* mac not used */
};

struct fleet_welcome {
	char session[TOKEN_TEXT];
	struct machine machine;
};

/* Opens the session of a token, or finds it again for the same token, boot_id and key. -EACCES with
 * TOKEN_INVALID or HELD in err. */
int fleet_session_open(struct fleet *f, const struct fleet_hello *hello, struct fleet_welcome *ret,
        struct error *err);

struct fleet_event {
	int64_t n;
	struct store_event event; /* seq, at, attempt are set here */
};
/* The fixer's report: state and the events not yet known. An empty list is the heartbeat. */
int fleet_events(struct fleet *f, const struct store_session *session, enum machine_state state,
        struct fleet_event *events, size_t count, int64_t *ret_ack);
/* It waits for its key for this reason; the event is written when that changes. */
int fleet_waiting(
        struct fleet *f, const struct store_session *session, enum reason reason, const char *text);
/* Escrow has decided: answer (JSON) is kept for the session. */
int fleet_released(struct fleet *f, const struct store_session *session, const char *answer);
int fleet_denied(struct fleet *f, const struct store_session *session, const char *text);
/* The session called: ends NO_HEARTBEAT. */
int fleet_contact(struct fleet *f, const struct store_session *session);
/* A repair bundle is on stable storage. */
int fleet_bundle(
        struct fleet *f, const struct store_session *session, const char *sha256, int64_t size);

/* What a fixer says at its end. */
struct fleet_report {
	enum reason reason;
	const char *text;
	size_t bundle_count;
	struct {
		const char *sha256;
		enum bundle_state state; /* what its word for it means */
	} bundles[NM_MAX_VOLUMES + 1];
	const char *json; /* all of it, for the page */
};

/* The end of a session: decides what the machine does next ("reboot", "hold", "again"). The same
 * session asked again gets the same. The caller then runs fleet_answer_machine() and has dnsmasq
 * told before it says `reboot`. */
int fleet_result(struct fleet *f, const struct store_session *session,
        const struct fleet_report *report, char ret_next[8]);

/* ---- what the appliance sees by itself ---- */

/* Once a second: who has been silent for too long; at the first call and then hourly, old tokens.
 */
int fleet_tick(struct fleet *f);
/* A PXE client asked dnsmasq; text: what dnsmasq said of it. */
int fleet_pxe_seen(struct fleet *f, const char *mac, const char *text);
/* A boot program went to this address. */
int fleet_boot_file_sent(struct fleet *f, const char *ip, const char *file);
/* Windows shows itself; how: for the timeline. Nothing happens to a machine that is not expected.
 */
int fleet_windows_by_mac(struct fleet *f, const char *mac, const char *how);
int fleet_windows_by_id(struct fleet *f, int64_t machine, const char *how);
/* Calls each() for machines whose Windows is awaited. */
int fleet_awaited(
        struct fleet *f, int (*each)(const struct machine *m, void *context), void *context);

#endif
