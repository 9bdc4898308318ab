/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policy, anomaly and approvals under their one lock, and the records of what they led to. Nothing
 * here waits for a source or for stretching. Safe between threads; `now` is clock_wall().
 */
#ifndef ESCROW_GATE_H
#define ESCROW_GATE_H

#include "appliance/escrow/policy/anomaly.h"
#include "appliance/escrow/record.h"

struct gate;

/* All borrowed. NULL without memory. */
struct gate *gate_new(const struct policy_rules *rules, struct audit *audit);
void gate_free(struct gate *g);

/* At the start: the releases of this campaign that are in the audit record of dir, and a stop that
 * nobody has ended. */
int gate_remember(struct gate *g, const char *dir, struct error *err);

/* --- a machine's way ---------------------------------------------------------------------------
 */

/* Whether it may ask at all: REASON_OK, or why not, with a sentence. Counts what it asks for. */
enum reason gate_admit(struct gate *g, const struct ask *ask, int64_t now, char *text, size_t size);

/* What came of a protector: no key opened its blob; there is no key; a key opened it. */
void gate_mismatch(
        struct gate *g, const struct subject *s, const struct guid *protector, int64_t now);
void gate_not_found(
        struct gate *g, const struct subject *s, const struct guid *protector, int64_t now);
void gate_opened(
        struct gate *g, const struct subject *s, const struct guid *protector, int64_t now);

/* A token or a session was misused (not recorded here, only what it led to). */
void gate_misuse(struct gate *g, const struct subject *s, enum reason misuse, int64_t now);

/* A key was found: REASON_OK or why it has to wait; RELEASE_DENIED. ret: the request, its code
 * derived; all zero when the policy wants no approval. Takes a tenth of a second when it is new. */
enum reason gate_approval(struct gate *g, const struct ask *ask, int64_t now, struct request *ret);

/* Counts the release and takes its approval, or says why it may not be now. Both are given back
 * when it was not recorded; `at` is the now it was taken with. */
enum reason gate_take(struct gate *g, const struct ask *ask, int64_t now, char *text, size_t size);
void gate_give_back(struct gate *g, const struct ask *ask, int64_t at);

/* The session's request, if there is one, is used up or nobody's any more. */
void gate_used(struct gate *g, const char *session);

/* --- people ------------------------------------------------------------------------------------
 */

/* who has been verified. REASON_OK, REQUEST_GONE, APPROVER_TWICE; ret as approvals_decide(). */
enum reason gate_decide(struct gate *g, const char *request, const char *who, bool approve,
        int64_t now, struct request *ret);

/* The list of ../README.md's "requests" without the skip oldest, as many as a message holds; NULL
 * without memory. */
json_t *gate_requests(struct gate *g, size_t skip);

/* Who is suspect, [{what, why}]: at most GATE_SUSPECTS of them. NULL without memory. */
#define GATE_SUSPECTS 200
json_t *gate_suspects(struct gate *g, int64_t now);

void gate_stop(struct gate *g, const char *why, int64_t now);
void gate_resume(struct gate *g);
bool gate_trust(struct gate *g, const struct subject *s);

struct gate_figures {
	uint64_t released;
	size_t requests;
	bool stopped;
	char why[320]; /* of the stop */
};
void gate_figures(struct gate *g, int64_t now, struct gate_figures *ret);

/* Once a second: ends and records the requests that are over. */
void gate_tick(struct gate *g, int64_t now);

/* Whether the list of requests changed since the last call. */
bool gate_news(struct gate *g);

#endif
