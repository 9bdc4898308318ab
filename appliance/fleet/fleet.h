/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens to machines: the states, who is answered, what the server concludes from silence.
 * Every change is a transaction of the store with an event on the machine's timeline; nothing but
 * the configuration lives here, so a restart changes nothing. Functions return 0 or the store's
 * -errno, and what they say besides.
 */
#ifndef FLEET_FLEET_H
#define FLEET_FLEET_H

#include "appliance/store/learnt.h"
#include "appliance/store/leases.h"
#include "appliance/store/store.h"
#include "fixer/base/error.h"

/* Silences, in ms. Those of booting and returning hold until the fleet has taught better ones
 * (learn.h). */
#define FLEET_SILENCE_MS ((int64_t)NM_SILENCE_LIMIT * 1000)
#define FLEET_BOOT_MS    ((int64_t)180 * 1000)     /* hand-out to session */
#define FLEET_RETURN_MS  ((int64_t)15 * 60 * 1000) /* reboot to Windows */
#define FLEET_REBOOT_MS  ((int64_t)3 * 60 * 1000)  /* a network boot so soon is no relapse */
/* A PXE request so soon after Windows was back is a relapse. Later it is a restart like any other
 * of a machine whose firmware asks the network first; nobody answers it. */
#define FLEET_RELAPSE_MS ((int64_t)10 * 60 * 1000)
/* Hand-outs to one machine within an hour; and how many of them a result may ask for with `again`.
 */
#define FLEET_GUARD_MS    ((int64_t)3600 * 1000)
#define FLEET_GUARD_COUNT 6
#define FLEET_AGAIN_COUNT 3
/* Boot tokens are forgotten after a day: by then neither a session nor the guard asks for them. */
#define FLEET_TOKEN_MS ((int64_t)24 * 3600 * 1000)
#define FLEET_SWEEP_MS ((int64_t)3600 * 1000) /* how often that is looked at */
/* So long does an answer of dnsmasq vouch for a MAC. */
#define FLEET_ANSWERED_MS ((int64_t)10 * 60 * 1000)
/* Unlisted machines remembered at most: anybody can make up MACs. */
#define FLEET_MACHINES_MAX 100000

/* Parts of a saved repair in the store that nobody has added to for so long, and that no machine
 * has, are of a call that broke off; so many are looked at together. */
#define FLEET_PARTS_MS  ((int64_t)10 * 60 * 1000)
#define FLEET_PARTS_MAX 16
/* A PXE question so long after the one that began a try begins another; and how often a machine
 * that does not start what it is given gets the other one, before it is told that neither did. */
#define FLEET_TRY_MS    ((int64_t)60 * 1000)
#define FLEET_FLIPS_MAX 2

struct presence;
struct turns;

struct fleet {
	struct store *store;
	/* The boot program UEFI firmware gets of whom nobody said otherwise; AUTO: there is only
	 * one. */
	enum machine_loader first_loader;
	bool scope_all;             /* answer all but those done or held; else only those listed */
	const char *hosts;          /* directory of the answer list */
	char appliance[PLACE_TEXT]; /* our id among several on one store: 16 hex digits */
	int64_t (*clock)(void);     /* ms since 1970 */
	int64_t started;            /* by clock: nobody was heard while we did not run */
	int64_t swept;              /* when old tokens were deleted last; 0: not yet */
	int64_t parts_looked;       /* when orphans was filled; 0: not yet */
	size_t orphan_count;
	struct store_orphan orphans[FLEET_PARTS_MAX];
	struct learnt learnt[LEARNT_STEPS]; /* how long things take */
	int64_t learnt_at;                  /* when that was looked at; 0: not yet */
	int64_t handouts, returned;         /* by us, since we started */
	/* Of campaigns: what was seen at the last look, and when it was. */
	int64_t campaign_sequence, campaign_changed, campaign_looked;
	struct store_lease campaign_lease;
	int64_t answers_gone;       /* the last machine taken away of which the answer list knows */
	int64_t answers_seen;       /* changes of machines up to this one are in the answer list */
	int64_t answers_models;     /* and what was said of models, up to this revision */
	bool answers_stale;         /* set here: fleet_answer_list() is due (nobody waits for it) */
	struct turns *turns;        /* who may load now (turns.h); NULL: all at once */
	struct presence *presences; /* who refused connections; NULL: nobody yet. free() it */
	/* Some machine changed: tell the pages. Called outside of transactions. */
	void (*changed)(void *context);
	void *context;
};

/* ---- who is answered ---- */

/* True when dnsmasq and GET /boot/ipxe should serve the machine: neither held nor done, and either
 * its campaign has opened it or, when it belongs to none, it is in the operator's scope. */
bool fleet_answers(const struct fleet *f, const struct machine *m);
/* Brings the files of one machine, or of all, in line with that; *ret_changed: dnsmasq has to be
 * told. One file a MAC, named with '-', holding the bare MAC. In scope "all" the files name the
 * machines that are *not* answered. */
int fleet_answer_machine(struct fleet *f, int64_t machine, bool *ret_changed);
int fleet_answer_list(struct fleet *f, bool *ret_changed);
/* The same for machines that changed since the last look: what another process did. */
int fleet_answer_changed(struct fleet *f, bool *ret_changed);

/* ---- boot ---- */

/* Who came this way is told what to do by our boot script, or asks for itself. */
enum fleet_way { FLEET_WAY_SCRIPT, FLEET_WAY_GRUB, FLEET_WAY_MEDIA };

struct fleet_identity {
	enum fleet_way way;
	char mac[MAC_TEXT], ip[IPV4_TEXT], uuid[UUID_TEXT];
	char serial[NM_MAX_NAME + 1], asset[NM_MAX_NAME + 1];
	char manufacturer[NM_MAX_NAME + 1], product[NM_MAX_NAME + 1];
};

enum fleet_decision {
	FLEET_REMEDIATE, /* token made, attempt counted */
	FLEET_LOCAL,     /* say so and restart: not ours, repaired, or a relapse just now */
	FLEET_HOLD,      /* wait and ask again; BOOT_TURN: in turns_sleep() of turns_before() */
};

#define TOKEN_TEXT 33

/* A machine asks what to do. A machine nobody knows is remembered as `ignored`, or, in scope "all",
 * served. One that asks for itself, and was not answered by dnsmasq within FLEET_ANSWERED_MS or
 * comes by media, has to be looked at by a person before it gets a key, whatever the release policy
 * says (store_session.contact). -ENOSPC: too many machines known. */
int fleet_boot(struct fleet *f, const struct fleet_identity *identity, enum fleet_decision *ret,
        struct machine *ret_machine, char ret_token[TOKEN_TEXT]);
/* What store_token.contact means for people; "" for "". Static. */
const char *fleet_contact_text(const char *contact);
/* It fetched the initrd. */
int fleet_boot_progress(struct fleet *f, const char *ip);

/* ---- session ---- */

struct fleet_hello {
	const char *token, *boot_id, *key;
	const char *volumes;            /* JSON array */
	struct fleet_identity identity; /* mac not used */
	enum machine_boot_order boot_order;
};

struct fleet_welcome {
	char session[TOKEN_TEXT];
	struct machine machine;
	int64_t campaign; /* the session's, whatever the machine is in by now; 0: none */
};

/* Opens the session of a token, or finds it again for the same token, boot_id and key. -EACCES with
 * HELD in err, or how the token is misused: TOKEN_INVALID (nobody's), TOKEN_USED, TOKEN_EXPIRED,
 * TOKEN_OTHER_ADDRESS, SESSION_REPLACED; *ret has the machine then (id 0: not known). */
int fleet_session_open(struct fleet *f, const struct fleet_hello *hello, struct fleet_welcome *ret,
        struct error *err);

struct fleet_event {
	int64_t n;
	struct store_event event; /* seq, at, attempt are set here */
};
/* The fixer's report: state and the events not yet known. An empty list is the heartbeat. */
int fleet_events(struct fleet *f, const struct store_session *session, enum machine_state state,
        struct fleet_event *events, size_t count, int64_t *ret_ack);
/* True when the machine has come into another campaign (or out of all) since the session was
 * opened, and no key is out: it gets none, and fleet_result() has it start over. */
bool fleet_session_crossed(const struct store_session *session, const struct machine *m);
/* It waits for its key for this reason; the event is written when that changes. code: what a person
 * compares with its screen, "" while nobody has to. */
int fleet_waiting(struct fleet *f, const struct store_session *session, enum reason reason,
        const char *text, const char *code);
/* Escrow has decided: answer (JSON) is kept for the session, unless that has crossed campaigns. */
int fleet_released(struct fleet *f, const struct store_session *session, const char *answer);
int fleet_denied(struct fleet *f, const struct store_session *session, const char *text);
/* The session called: ends NO_HEARTBEAT. */
int fleet_contact(struct fleet *f, const struct store_session *session);
/* The fixer asks before it writes: OK, or why nothing may be written now. Who has a key, or has
 * saved a repair in this session, may be writing already and finishes. */
int fleet_bundle_turn(struct fleet *f, const struct store_session *session, enum reason *ret);
/* A repair bundle: it is on stable storage in a file, or, when the store keeps bundles, it goes
 * there now: content is read from its beginning; -1: all of it is there already, or else -EAGAIN:
 * it was brought so slowly that parts of it were taken for left behind. -EACCES:
 * *ret_refused says why not, see fleet_bundle_turn(). */
int fleet_bundle(struct fleet *f, const struct store_session *session, const char *sha256,
        int64_t size, int content, enum reason *ret_refused);

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
	enum machine_safe_mode safe_mode;
};

/* The end of a session: decides what the machine does next ("reboot", "hold", "again"). The same
 * session asked again gets the same. One that has not repaired and was refused by its line, or
 * whose machine is in another campaign by now, starts over, and has neither failed nor returned.
 * The caller then runs fleet_answer_machine() and has dnsmasq told before it says `reboot`. */
int fleet_result(struct fleet *f, const struct store_session *session,
        const struct fleet_report *report, char ret_next[8]);

/* ---- what the appliance sees by itself ---- */

/* Once a second: who has been silent for too long; at the first call and then hourly, old tokens;
 * every ten minutes, parts of repairs that were not saved to their end. */
int fleet_tick(struct fleet *f);
/* A PXE client asks, answered or not; uuid: as it came, "" when it says none; text: what else is
 * known of it. A repaired machine that should be in Windows by now has relapsed. When the UUID is
 * another machine's than the MAC, the network adapter has gone over to that one, and whether the
 * MAC is answered is that one's matter from now on. */
int fleet_pxe_seen(struct fleet *f, const char *mac, const char *uuid, const char *text);
/* dnsmasq named a boot program to it. Firmware with a choice of two (UEFI x64, by PXE) that comes
 * back without starting what it was given gets the other one from its next question on, and a
 * machine that starts neither says so (LOADER_FAILED); *ret_changed: dnsmasq has to be told. */
enum fleet_asker {
	FLEET_ASKER_ONE,    /* its firmware has one program only */
	FLEET_ASKER_CHOICE, /* it gets iPXE or shim */
	FLEET_ASKER_IPXE,   /* iPXE itself: it has started */
};
int fleet_answered(struct fleet *f, const char *mac, enum fleet_asker asker, bool *ret_changed);
/* A boot program went to this address. */
int fleet_boot_file_sent(struct fleet *f, const char *ip, const char *file);
/* Windows shows itself; how: for the timeline. Nothing happens to a machine that is not expected.
 */
int fleet_windows_by_mac(struct fleet *f, const char *mac, const char *how);
int fleet_windows_by_id(struct fleet *f, int64_t machine, const char *how);
/* Signs of life that Windows alone does not give count when they last (presence.h): this neighbour
 * has answered ARP for so many seconds; a connection to the machine was refused. */
int fleet_neighbour(struct fleet *f, const char *mac, const char *ip, int64_t seconds);
int fleet_refused(struct fleet *f, int64_t machine, const char *ip);
/* Calls each() for machines whose Windows is awaited. */
int fleet_awaited(
        struct fleet *f, int (*each)(const struct machine *m, void *context), void *context);

#endif
