/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests that wait for people. One per session at most; it ends when it is used once, not
 * approved within request_minutes, approved but not used within approval_minutes, or when its
 * machine has not asked for two minutes. A denied one stays: its session is refused for good, a new
 * session may ask anew. NM_MAX_CASES are held; the room of the oldest denied one is taken for a new
 * one. A clock that is set back prolongs nothing. Same rules of use as policy.h.
 */
#ifndef ESCROW_POLICY_APPROVALS_H
#define ESCROW_POLICY_APPROVALS_H

#include "appliance/escrow/policy/policy.h"

#define REQUEST_TEXT  17 /* 16 hexadecimal digits, random */
#define APPROVER_NAME 32
/* Who is at the appliance's shell and gives no name: anybody who may become root, so one of one,
 * and none of two. No approver may be called that. */
#define APPROVER_ROOT    "root"
#define PAIRING_TEXT_MAX 8
#define REQUEST_SILENCE  INT64_C(120000) /* ms */

struct request {
	char id[REQUEST_TEXT];
	char session[33];
	struct subject subject;      /* as the session first told it */
	char code[PAIRING_TEXT_MAX]; /* "" until request_set_code() */
	int64_t since, expires;
	unsigned needs; /* people who have to approve it */
	unsigned approved_count;
	char approved[2][APPROVER_NAME];
	bool denied;
	char denied_by[APPROVER_NAME];
};

struct approvals;

struct approvals *approvals_new(const struct policy_rules *rules);
void approvals_free(struct approvals *a);

/*
 * The session asks. Whatever it said before, it can ask for more people, never for fewer. Makes a
 * request when it has none (or an expired one; then *ret_expired is the old one's id, else "").
 * REASON_OK: approved, go on; WAITING_APPROVAL, WAITING_SECOND_PERSON, RELEASE_DENIED;
 * OUT_OF_MEMORY when there are too many. *ret stays valid until the next call; it is NULL when
 * there is no request: nobody has to approve (approval auto), or OUT_OF_MEMORY.
 */
enum reason approvals_ask(struct approvals *a, const char *session, const struct subject *s,
        int64_t now, const struct request **ret, char ret_expired[REQUEST_TEXT]);

/* The code is derived outside of the lock, because that is slow by design (pairing.h). */
void approvals_set_code(struct approvals *a, const char *request, const char *code);

/*
 * A person decides; who was authenticated before. REASON_OK, REQUEST_GONE, APPROVER_TWICE (names
 * are compared in any case), APPROVER_UNKNOWN (root approves where two have to, each by name). What
 * is approved in full may still be denied until it is taken; another approval changes nothing. ret:
 * a copy of the request after the decision, for the audit record, untouched with REQUEST_GONE.
 */
enum reason approvals_decide(struct approvals *a, const char *request, const char *who,
        bool approve, int64_t now, struct request *ret);

/* The key of this session is being released: nobody decides about it any more (REQUEST_GONE),
 * unless it comes to nothing and is not taken. */
void approvals_taken(struct approvals *a, const char *session, bool taken);

/* The key of this session has been released: the request is used up. If the session asks again, it
 * is a new request. */
void approvals_used(struct approvals *a, const char *session);

/* Ends what is over; each(request) for those that were not approved in time. True when the list is
 * another one since the last call. */
bool approvals_tick(struct approvals *a, int64_t now,
        void (*each)(void *context, const struct request *expired), void *context);

/* Those that wait for a person, oldest first; and how many. */
void approvals_list(const struct approvals *a, void (*each)(void *context, const struct request *r),
        void *context);
size_t approvals_count(const struct approvals *a);

/* How many people have to approve a release to this machine: 0, 1 or 2. The stricter of the policy
 * and of what its campaign asks for. */
unsigned approvals_needed(const struct policy_rules *rules, const struct subject *s);

#endif
