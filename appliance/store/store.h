/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The memory of the fleet: one SQLite file, shared by `netmend web` and the operator's command, or
 * one PostgreSQL database, shared by several appliances. Nobody else speaks SQL. A struct store
 * belongs to one thread. Functions return 0 or -errno: -ENOENT for what is not there, -EEXIST for
 * what is already, -EBUSY when another process writes for longer than five seconds, -EIO for
 * anything the database reports (logged here, with its message). Outputs are untouched on failure.
 * Writers of all processes and appliances come one after the other: what is loaded, changed and
 * saved between store_begin() and store_commit() is nobody else's meanwhile, and events get their
 * numbers in the order in which they become visible.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "appliance/store/machine.h"
#include "fixer/base/error.h"

#include <stddef.h>

struct store;

/* Opens and migrates: place is the path of an SQLite file, which is made when there is none (mode
 * 0600), or the URL of a PostgreSQL database (postgresql://..., with a password perhaps: it is
 * never told to anybody). err: CANNOT_OPEN. A PostgreSQL server that cannot be reached later makes
 * calls fail at once with -EIO, until it is back. */
int store_open(const char *place, struct store **ret, struct error *err);
void store_close(struct store *s);
const char *store_kind(const struct store *s); /* "sqlite" or "postgresql"; static */

/* Files a lost connection needs again, for who gives up all others: how many of *ret, the store's.
 */
#define STORE_FILES_MAX 4
size_t store_files(const struct store *s, const char *ret[STORE_FILES_MAX]);

/* A change of several rows: load, change and save between these two. durable: on stable storage
 * when store_commit() returns; otherwise safe against our death, not against loss of power. They
 * do not nest (-EALREADY). When a statement fails in between (-EEXIST too), the transaction is
 * lost: all that follows fails and so does store_commit(). */
int store_begin(struct store *s, bool durable);
int store_commit(struct store *s);
void store_rollback(struct store *s); /* harmless when nothing is open */

/* For who makes many small changes and can keep his answers back for a moment: from now on no
 * commit waits for the disk, durable or not, and store_settle() brings all of them to stable
 * storage at once. Nobody may be told of a change before. */
void store_group(struct store *s);
bool store_unsettled(const struct store *s); /* something was committed since the last settling */
/* 0 when everything committed so far will survive a loss of power, of the appliance and of the
 * database server; also when there was nothing. Else -errno: what was committed since the last
 * time may be lost or not; whoever asked for it has to ask again. */
int store_settle(struct store *s);

/* How long those that were committed took, waiting for other writers included; of a group, how long
 * its settling took as well, as one more. */
#define STORE_BUCKETS 12
struct store_latency {
	uint64_t count[STORE_BUCKETS]; /* within so many milliseconds; longer than the last */
	double seconds;                /* all of them together */
};
extern const int store_latency_ms[STORE_BUCKETS - 1]; /* rising; each counts for itself */
const struct store_latency *store_latency(const struct store *s);

/* True when another process or appliance has written since the last call; a server tells it within
 * a moment. Also what makes a lost connection anew: to be called once a second or so. */
bool store_changed_elsewhere(struct store *s);

/* 32 random bytes made with the file, the same ever after. */
int store_secret(struct store *s, uint8_t ret[32]);

/* ---- machines ---- */

/* Makes a machine in state `seen` with this MAC (normalised). -EEXIST: a machine has that MAC. */
int store_machine_add(struct store *s, const char *mac, int64_t *ret_id);
int store_machine_get(struct store *s, int64_t id, struct machine *ret);
int store_machine_by_mac(struct store *s, const char *mac, struct machine *ret);
int store_machine_by_ip(struct store *s, const char *ip, struct machine *ret); /* latest seen */
/* Writes every field but id and changed; the MAC is added to those the machine has. */
int store_machine_save(struct store *s, const struct machine *m);
/* Only last_seen and ip: a heartbeat. */
int store_machine_touch(struct store *s, int64_t id, int64_t now);

/* Calls each(machine, context) in order of change for those with changed > after, at most limit
 * (0: all). A non-zero return of each ends the walk and is returned. */
int store_machines(struct store *s, int64_t after, size_t limit,
        int (*each)(const struct machine *m, void *context), void *context);
/* The same in order of their ids, for those with id > after: each of them once, however many
 * change between two calls. */
int store_machines_from(struct store *s, int64_t after, size_t limit,
        int (*each)(const struct machine *m, void *context), void *context);
/* The same for machines in one state and not heard of (last_seen) since `before`. */
int store_machines_quiet(struct store *s, enum machine_state state, int64_t before,
        int (*each)(const struct machine *m, void *context), void *context);
/* Calls each(mac, machine, context) for every MAC of every machine, or of the machine given. */
int store_macs(struct store *s, int64_t machine_or_0,
        int (*each)(const char *mac, const struct machine *m, void *context), void *context);
/* The same for machines with changed > after, in order of change. */
int store_macs_changed(struct store *s, int64_t after,
        int (*each)(const char *mac, const struct machine *m, void *context), void *context);

/* dnsmasq has answered this MAC's network boot; nothing happens to one nobody knows. */
int store_mac_answered(struct store *s, const char *mac, int64_t now);
/* When that was last; 0: never, or nobody knows the MAC. */
int store_mac_answered_at(struct store *s, const char *mac, int64_t *ret);

/* ---- models ---- */

/* A person's word for all machines of a model (machine_model()), those there will be too; AUTO
 * takes it back. */
int store_model_set(struct store *s, const char *model, enum machine_loader loader);
/* Grows with each call of that: what was read before does not hold any more. */
int store_models_revision(struct store *s, int64_t *ret);
/* Machines known to be of it. */
int store_model_count(struct store *s, const char *model, int64_t *ret);
/* Calls each() for those somebody said something of, by name. A non-zero return ends the walk and
 * is returned. */
int store_models(struct store *s,
        int (*each)(const char *model, enum machine_loader loader, void *context), void *context);

/* ---- boot tokens: only hashes are kept ---- */

/* How a machine that asked for its token by itself came: "" by our boot script, or answered by
 * dnsmasq just before; "media"; "unseen": nobody knows how. */
#define CONTACT_TEXT   8
#define CONTACT_MEDIA  "media"
#define CONTACT_UNSEEN "unseen"

/* With the campaign its machine is in. */
int store_token_add(struct store *s, const char *token, int64_t machine, const char *ip,
        const char *contact, int64_t now);
/* Tokens made for the machine since `from`. */
int store_token_count(struct store *s, int64_t machine, int64_t from, int *ret);

struct store_token {
	int64_t machine;
	char ip[IPV4_TEXT];
	int64_t created;
	int64_t campaign; /* what its machine was in then; 0: none */
	char contact[CONTACT_TEXT];
	bool used; /* a session was opened with it */
};
int store_token_get(struct store *s, const char *token, struct store_token *ret);
/* Deletes those made before `before`; what was opened with them stays. */
int store_token_expire(struct store *s, int64_t before);

/* ---- sessions ---- */

struct store_session {
	int64_t id; /* row; the secret id is never kept, only its hash */
	int64_t machine;
	int attempt;
	int64_t created;
	int64_t campaign;           /* what its machine was in then; 0: none */
	int64_t last_event;         /* highest seq of the fixer's events */
	char key[64];               /* the fixer's X25519 key, base64 */
	char ip[IPV4_TEXT];         /* opened from; "" for one of an earlier release */
	char contact[CONTACT_TEXT]; /* of its token */
	bool replaced;  /* by a later session of the machine: no call of this one counts */
	bool finished;  /* has its result */
	char *volumes;  /* JSON array as it came, malloc()ed by the getters */
	char *released; /* the answer of a release, JSON; NULL before */
};
void store_session_free(struct store_session *s); /* frees what it owns, not s itself */

/* Marks the token used and replaces earlier sessions of the machine. secret: the session's id. */
int store_session_add(struct store *s, const char *secret, const char *token,
        const struct store_session *session, int64_t *ret_id);
int store_session_get(struct store *s, const char *secret, struct store_session *ret);
int store_session_by_id(struct store *s, int64_t id, struct store_session *ret);
int store_session_of_machine(
        struct store *s, int64_t machine, struct store_session *ret); /* newest */
int store_session_release(struct store *s, int64_t session, const char *answer);

/* ---- events: the timeline ---- */

struct store_event {
	int64_t seq; /* global; set by the store */
	int64_t at;
	int attempt;
	enum machine_state state;
	enum reason reason;
	char step[33];
	char text[NM_MAX_EVENT_TEXT + 1];
	const char *numbers; /* JSON object; "{}" when empty */
};

/* Appends and sets the machine's `changed`. session and n (the fixer's own seq) are 0 for events of
 * the appliance. -EEXIST: this session has an event n already. */
int store_event_add(struct store *s, int64_t machine, int64_t session, int64_t n,
        const struct store_event *event, int64_t *ret_seq);
int store_events(struct store *s, int64_t machine, size_t limit,
        int (*each)(const struct store_event *event, void *context), void *context);
/* The highest seq; 0 when there is none. */
int store_sequence(struct store *s, int64_t *ret);

/* ---- bundles and results ---- */

enum bundle_state {
	BUNDLE_PENDING,   /* any part of it may be on the disk; one a machine at most */
	BUNDLE_CONFIRMED, /* all of it is */
	BUNDLE_VOID,      /* never written, superseded or discarded: kept, not offered */
};
const char *bundle_state_name(enum bundle_state state); /* "pending", as on the page; static */

struct store_bundle {
	char sha256[65];
	int64_t size;
	int64_t at;
	enum bundle_state state; /* set by the store */
};
/* Within a transaction: adds it as the machine's pending one, also when it was there already, and
 * makes the one that was pending void: a fixer saves no other before that is off its mind. */
int store_bundle_add(struct store *s, int64_t machine, const struct store_bundle *bundle);
/* No such bundle is no error. */
int store_bundle_settle(
        struct store *s, int64_t machine, const char *sha256, enum bundle_state state);
int store_bundle_pending(struct store *s, int64_t machine, struct store_bundle *ret);
int store_bundles(struct store *s, int64_t machine,
        int (*each)(const struct store_bundle *bundle, void *context), void *context);

/* Whether bundles' bytes belong into the store, as their machine may ask another appliance for
 * them; otherwise they are files beside it. */
bool store_keeps_bundles(const struct store *s);
/* Within a transaction: the bytes of fd from its beginning. What is there already stays. */
int store_bundle_put(struct store *s, const char *sha256, int fd);
/* One part (0, 1, ...) of it: 1, or 0 when the file has no such part. */
int store_bundle_put_part(struct store *s, const char *sha256, int64_t part, int fd);
/* Writes a part of them (0, 1, ...; each a piece of work that holds nobody up) to fd: its bytes; 0:
 * there is no such part; -errno. */
int store_bundle_part(struct store *s, const char *sha256, int64_t part, int fd);
/* Whether its parts together have so many bytes: 1 or 0. */
int store_bundle_is_whole(struct store *s, const char *sha256, int64_t size);

/* Parts of a bundle that no machine has: they are being brought, or who brought them broke off. */
struct store_orphan {
	char sha256[65];
	int64_t parts;
};
/* The first max by hash. */
int store_bundle_orphans(struct store *s, struct store_orphan *ret, size_t max, size_t *ret_count);
/* Within a transaction: they go, unless a machine has the bundle by now. */
int store_bundle_drop(struct store *s, const char *sha256);

/* One a session. next: the answer given, "reboot", "hold" or "again". -EEXIST: it has one. */
int store_result_add(struct store *s, int64_t machine, int64_t session, int64_t at,
        const char *json, const char *next);
/* The answer that was given to this session's result. */
int store_result_next(struct store *s, int64_t session, char ret[8]);
/* The latest; malloc()ed. */
int store_result_get(struct store *s, int64_t machine, char **ret_json);

#endif
