/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One case a session: what it asked, what was decided, who waits for it. Cases are worked on by
 * threads of their own in the order they were asked for (README.md); every call here returns at
 * once. Safe between threads.
 */
#ifndef ESCROW_CASES_H
#define ESCROW_CASES_H

#include "appliance/escrow/client.h"
#include "appliance/escrow/escrow.h"

struct cases;

/* NULL without memory. e is borrowed and complete by the time of cases_start(). */
struct cases *cases_new(struct escrow *e);

/* Starts the threads: for what is in this process, and for sources that may take long. 0 or
 * -EAGAIN. */
int cases_start(struct cases *c, unsigned local, unsigned remote);

/* Nothing more is begun, and nothing that is under way is answered or recorded: what it waits for
 * is about to be stopped. */
void cases_stop(struct cases *c);

/* Ends the threads (what is under way is finished) and frees everything. */
void cases_free(struct cases *c);

/*
 * An ask; takes it. Answered at once when it is decided, or when it is, or after two seconds with
 * what is known. False: the session asked something else before. Then nothing is done, the ask
 * stays the caller's.
 */
bool cases_ask(struct cases *c, struct client *client, json_int_t id, struct ask *ask);

/* A few times a second: answers those who have waited long enough, forgets cases. */
void cases_tick(struct cases *c);

/* Something changed that may decide a pending case otherwise: one session's, or every one's. */
void cases_wake(struct cases *c, const char *session);
void cases_wake_all(struct cases *c);

/* What the pending sessions of a machine asked, held for the caller; at most max. */
size_t cases_of_machine(struct cases *c, int64_t machine, struct ask **ret, size_t max);

/* The machine of a session that is known by this MAC, name or number. False: none, or several. */
bool cases_find(struct cases *c, const char *which, struct subject *ret);

/* Those that are not decided yet. */
size_t cases_undecided(struct cases *c);

#endif
