/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_CASES_PRIVATE_H
#define ESCROW_CASES_PRIVATE_H

#include "appliance/escrow/cases.h"
#include "appliance/escrow/work.h"

#include <pthread.h>

#define CASES_BUCKETS 16384
/* Of all cases together: a machine has one to four; memory stays bounded whoever asks. */
#define CASES_PROTECTORS 131072
#define CASES_THREADS    256

#define CASE_WAIT_MS   2000   /* an ask is answered by then */
#define CASE_AGAIN_MS  3000   /* before what is pending is worked on again */
#define CASE_REST_MS   10000  /* the same after a source failed */
#define CASE_FORGET_MS 130000 /* after the last ask: longer than a request lasts (approvals.h) */

enum case_stage { CASE_IDLE, CASE_QUEUED, CASE_WORKING };

/* Under the lock of the cases, but for ask (never changed), work and recorded, which belong to the
 * thread that works on it. */
struct case_file {
	struct case_file *next;   /* in its bucket */
	struct case_file *behind; /* in a queue */
	struct ask *ask;
	struct work *work;
	enum case_stage stage;
	bool remote; /* in, or of, the second group's queue */
	bool again;  /* woken while it was worked on */
	bool decided;
	struct outcome outcome;
	uint64_t turn, ticket; /* its number in the stretcher's order and in its queue */
	int64_t asked_at, decided_at;
	struct client *client; /* who asked last */
	bool waits;            /* for the answer to id, until deadline */
	json_int_t id;
	int64_t deadline;
	uint64_t recorded[REASON_COUNT / 64 + 1]; /* refusals that are in the audit record */
};

struct case_queue {
	struct case_file *first, **last;
	uint64_t added, taken;
	pthread_cond_t news;
};

struct cases {
	struct escrow *escrow;
	pthread_mutex_t lock;
	bool stopping;
	struct case_file *buckets[CASES_BUCKETS];
	uint8_t hash_key[16];
	size_t count, protectors, undecided;
	uint64_t next_turn;
	struct case_queue local, distant;
	size_t thread_count;
	pthread_t threads[CASES_THREADS];
};

/* All under the lock. */
void case_enqueue(struct cases *c, struct case_file *f, bool remote);
void case_enqueue_first(struct cases *c, struct case_file *f); /* a person waits for it */
void case_answer(struct cases *c, struct case_file *f);
void case_waiting_outcome(struct cases *c, const struct case_file *f, struct outcome *ret);

#endif
