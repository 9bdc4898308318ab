/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory of the circuit breaker (anomaly.h): machines and addresses, and what was seen of each
 * within the hour. Times are steady (steady.h). */
#ifndef ESCROW_POLICY_WATCHED_H
#define ESCROW_POLICY_WATCHED_H

#include "appliance/escrow/policy/table.h"
#include "fixer/base/text.h"

#define WATCHED_HOUR    INT64_C(3600000)
#define WATCHED_BUCKETS 13   /* of five minutes */
#define WATCHED_SEEN    1024 /* protectors of one machine or address; more are not told apart */

/* How often within the last hour: what is counted counts for 60 to 65 minutes. */
struct tally {
	int64_t bucket; /* the newest */
	uint16_t counts[WATCHED_BUCKETS];
};

void tally_add(struct tally *t, int64_t time);
uint32_t tally_sum(const struct tally *t, int64_t time);

/* A protector: of a machine one it asked for, of an address one that was opened from there. */
struct seen {
	struct guid protector;
	int64_t time; /* the last time */
	bool not_found, mismatch;
};

struct watched {
	struct table_node node; /* "m12", "a10.0.0.1" */
	struct watched *older, *newer;
	char *name; /* of a machine, for people; NULL for an address */
	char *why;  /* NULL: not suspect */
	int64_t until;
	bool vouched;
	unsigned trusted; /* how often a person has said so */
	struct seen *seen;
	size_t seen_count, seen_room;
	struct tally not_found, mismatch, misused, noise; /* of an address */
};

struct watch {
	struct table table;
	struct watched *oldest, *newest; /* by the last time something was seen of it */
};

/* 0 or -ENOMEM. */
int watch_init(struct watch *w, size_t max);

void watch_clear(struct watch *w);

struct watched *watch_find(const struct watch *w, const char *key);

/* Makes it when it is not there, in place of the longest unseen one that is neither suspect nor
 * vouched for. NULL: none of those, or no memory. */
struct watched *watch_touch(struct watch *w, const char *key, int64_t time);

bool watched_is_suspect(const struct watched *w, int64_t time);

/* Not suspect any more; trusted once more. */
void watched_trust(struct watched *w);

/* The protector within the hour; NULL: it was not seen. */
struct seen *watched_seen(struct watched *w, const struct guid *protector, int64_t time);

/* How many were seen within the hour. */
size_t watched_count(struct watched *w, int64_t time);

/* Seen now; makes it. NULL: WATCHED_SEEN are there, or no memory. */
struct seen *watched_see(struct watched *w, const struct guid *protector, int64_t time);

#endif
