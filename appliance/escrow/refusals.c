/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/refusals.h"
#include "appliance/escrow/clock.h"
#include "fixer/base/bytes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES     1024
#define PROTECTORS  64 /* told apart in a sum; more are said to be so many */
#define FIRST_MS    INT64_C(60000)
#define LONGEST_MS  INT64_C(1920000)
#define SINGLE      32 /* records one by one, of one machine for one reason */
#define SINGLE_MORE 4  /* of misuse */
/* One by one of all machines together, in a minute: who gives himself out as a thousand machines
 * fills no disk either. */
#define SINGLE_MINUTE 1000

/* One machine (or address) and one reason. The last entry is for all that have no room. */
struct sum {
	bool misuse;
	enum reason reason;
	struct subject subject;
	uint64_t single, count; /* recorded one by one; counted since the last sum */
	int64_t from, until;    /* of what was counted */
	int64_t due, interval;
	size_t protector_count;
	uint64_t protectors[PROTECTORS]; /* first bytes of their GUIDs */
};

struct refusals {
	struct audit *audit;
	const char *campaign;
	pthread_mutex_t lock;
	int64_t minute;        /* the clock's, of what was recorded one by one */
	uint64_t minute_count; /* so many */
	size_t count;
	struct sum sums[ENTRIES];
};

struct refusals *refusals_new(struct audit *audit, const char *campaign)
{
	struct refusals *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->audit = audit;
	r->campaign = campaign;
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void refusals_free(struct refusals *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* --- counting (under the lock) --------------------------------------------------------------- */

static struct sum *find(
        struct refusals *r, const struct subject *s, enum reason reason, bool misuse)
{
	for (size_t i = 0; i < r->count; i++) {
		struct sum *sum = &r->sums[i];
		if (sum->reason == reason && sum->misuse == misuse &&
		        sum->subject.machine == s->machine && strcmp(sum->subject.ip, s->ip) == 0)
			return sum;
	}
	return NULL;
}

static struct sum *sum_of(
        struct refusals *r, const struct subject *s, enum reason reason, bool misuse, int64_t now)
{
	static const struct subject others = {.name = "many machines"};
	struct sum *sum = find(r, s, reason, misuse);

	if (!sum && r->count >= ENTRIES - 64) {
		s = &others;
		sum = find(r, s, reason, misuse);
	}
	if (sum || r->count == ENTRIES)
		return sum ? sum : &r->sums[ENTRIES - 1];
	sum = &r->sums[r->count++];
	*sum = (struct sum){.misuse = misuse,
	        .reason = reason,
	        .subject = *s,
	        .single = s == &others ? SINGLE : 0,
	        .interval = FIRST_MS,
	        .due = now + FIRST_MS};
	return sum;
}

static void count_protectors(struct sum *sum, const struct ask *ask)
{
	for (size_t i = 0; i < ask->volume_count; i++)
		for (size_t k = 0; k < ask->volumes[i].protector_count; k++) {
			uint64_t name = get_le64(ask->volumes[i].protectors[k].id.bytes);
			size_t at = 0;
			while (at < sum->protector_count && sum->protectors[at] != name)
				at++;
			if (at == sum->protector_count && at < PROTECTORS)
				sum->protectors[sum->protector_count++] = name;
		}
}

static void count(struct sum *sum, const struct ask *ask, int64_t now)
{
	if (sum->count++ == 0)
		sum->from = now;
	sum->until = now;
	if (ask)
		count_protectors(sum, ask);
}

/* Whether count records more are written one by one: no more than max of this sum. */
static bool takes_single(
        struct refusals *r, struct sum *sum, uint64_t count, uint64_t max, int64_t now)
{
	if (r->minute != now / 60000) {
		r->minute = now / 60000;
		r->minute_count = 0;
	}
	if (sum->single + count > max || r->minute_count + count > SINGLE_MINUTE)
		return false;
	sum->single += count;
	r->minute_count += count;
	return true;
}

/* --- records --------------------------------------------------------------------------------- */

static void record_one(struct refusals *r, const struct ask *ask, const struct ask_volume *v,
        const struct ask_protector *p, enum reason reason, const char *text)
{
	const struct record_release release = {.campaign = r->campaign,
	        .decision = reason == REASON_RELEASE_DENIED ? "denied" : "refused",
	        .reason = reason,
	        .text = text,
	        .session = ask->session,
	        .subject = &ask->subject,
	        .volume = &v->id,
	        .protector = &p->id};

	record_note(r->audit, "release", record_release(&release));
}

static void record_sum(struct refusals *r, const struct sum *s)
{
	json_t *j = record_subject(&s->subject);

	if (j && (json_object_set_new(j, "reason", json_string(reason_code(s->reason))) |
	                 json_object_set_new(j, "count", json_integer((json_int_t)s->count)) |
	                 json_object_set_new(j, "from", json_integer(s->from)) |
	                 json_object_set_new(j, "until", json_integer(s->until)) |
	                 (s->misuse ? 0
	                            : json_object_set_new(j, "protectors",
	                                      json_integer((json_int_t)s->protector_count))))) {
		json_decref(j);
		j = NULL;
	}
	record_note(r->audit, s->misuse ? "misuse" : "refused-more", j);
}

void refusals_note(
        struct refusals *r, const struct ask *ask, enum reason reason, const char *text, bool first)
{
	int64_t now = clock_wall();

	pthread_mutex_lock(&r->lock);
	struct sum *sum = sum_of(r, &ask->subject, reason, false, now);
	bool single = first && takes_single(r, sum, ask->protector_count, SINGLE, now);
	if (!single)
		count(sum, ask, now);
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; single && i < ask->volume_count; i++)
		for (size_t k = 0; k < ask->volumes[i].protector_count; k++)
			record_one(r, ask, &ask->volumes[i], &ask->volumes[i].protectors[k], reason,
			        text);
}

void refusals_misuse(struct refusals *r, const struct subject *s, enum reason reason)
{
	int64_t now = clock_wall();
	const struct sum one = {.misuse = true,
	        .reason = reason,
	        .subject = *s,
	        .count = 1,
	        .from = now,
	        .until = now};

	pthread_mutex_lock(&r->lock);
	struct sum *sum = sum_of(r, s, reason, true, now);
	bool single = takes_single(r, sum, 1, SINGLE_MORE, now);
	if (!single)
		count(sum, NULL, now);
	pthread_mutex_unlock(&r->lock);
	if (single)
		record_sum(r, &one);
}

/* Takes one sum that is due into ret; what nothing was added to is forgotten. */
static bool take_due(struct refusals *r, size_t *at, int64_t now, bool all, struct sum *ret)
{
	bool found = false;

	pthread_mutex_lock(&r->lock);
	while (!found && *at < r->count) {
		struct sum *s = &r->sums[*at];
		if (!all && now < s->due) {
			++*at;
		} else if (s->count == 0) {
			*s = r->sums[--r->count];
		} else {
			*ret = *s;
			found = true;
			s->count = 0;
			s->protector_count = 0;
			s->interval = s->interval < LONGEST_MS ? 2 * s->interval : LONGEST_MS;
			s->due = now + s->interval;
			++*at;
		}
	}
	pthread_mutex_unlock(&r->lock);
	return found;
}

void refusals_tick(struct refusals *r, int64_t now, bool all)
{
	struct sum s;
	size_t at = 0;

	while (take_due(r, &at, now, all, &s))
		record_sum(r, &s);
}
