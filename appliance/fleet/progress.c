/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/progress.h"
#include "appliance/fleet/learn.h"

#include <string.h>

/* ---- times ---- */

/* Events keep their number whatever their clock said: none is lost, none makes the chart endless.
 */
static void times_correct(struct store_tally *minutes, size_t count, int64_t now)
{
	int64_t first = now;

	for (size_t i = count; i-- > 0;)
		if (minutes[i].at >= PROGRESS_FIRST_MS && minutes[i].at < first)
			first = minutes[i].at;
	for (size_t i = 0; i < count; i++)
		if (minutes[i].at < PROGRESS_FIRST_MS)
			minutes[i].at = first;
		else if (minutes[i].at > now)
			minutes[i].at = now;
}

static int64_t floor_to(int64_t at, int64_t step)
{
	return at / step * step;
}

/* ---- rates ---- */

/* Where the work that goes on now began. */
static int64_t spell_begin(const struct store_tally *minutes, size_t count, int64_t now)
{
	int64_t begin = now;

	for (size_t i = count; i-- > 0 && begin - minutes[i].at <= PROGRESS_PAUSE_MS;)
		begin = minutes[i].at;
	return begin;
}

static void rate_count(struct progress_rate *rate, const struct store_tally *minutes, size_t count,
        int64_t now, int most_minutes)
{
	int64_t from = floor_to(now, TALLY_MS) - (most_minutes - 1) * TALLY_MS;
	int64_t begin = spell_begin(minutes, count, now);

	if (begin > from)
		from = begin;
	*rate = (struct progress_rate){.ms = now - from};
	if (rate->ms < PROGRESS_LEAST_MINUTES * TALLY_MS)
		rate->ms = PROGRESS_LEAST_MINUTES * TALLY_MS;
	rate->minutes = (int)((rate->ms + TALLY_MS - 1) / TALLY_MS);
	for (size_t i = count; i-- > 0 && minutes[i].at >= from;)
		rate->recovered += minutes[i].count[TALLY_RECOVERED];
}

static int64_t root(int64_t n)
{
	int64_t r = 0;

	while ((r + 1) * (r + 1) <= n)
		r++;
	return r;
}

/* What was counted is known to within its square root, as all that comes by chance; but never to be
 * less than half of it. */
static void time_for(
        int64_t machines, const struct progress_rate *rate, int64_t *soonest, int64_t *latest)
{
	int64_t n = rate->recovered, most = n + root(n), least_twice = 2 * (n - root(n));

	if (least_twice < n)
		least_twice = n;
	*soonest = machines * rate->ms / most;
	*latest = 2 * machines * rate->ms / least_twice;
}

void progress_estimate(struct progress *p)
{
	int64_t left = p->total - p->recovered;

	p->soonest = p->latest = 0;
	/* What was recovered lately is among what was recovered in the longer while. */
	if (left <= 0 || p->rate.recovered <= 0 || p->slow.recovered <= 0)
		return;
	int64_t soonest[2], latest[2];
	time_for(left, &p->rate, &soonest[0], &latest[0]);
	time_for(left, &p->slow, &soonest[1], &latest[1]);
	p->soonest = soonest[0] < soonest[1] ? soonest[0] : soonest[1];
	p->latest = latest[0] > latest[1] ? latest[0] : latest[1];
}

/* ---- the chart ---- */

/* The shortest one that is enough, in lengths people know; beyond them, in days. */
static int64_t bucket_length(int64_t first, int64_t now)
{
	static const int minutes[] = {5, 10, 15, 30, 60, 120, 180, 360, 720};
	const int64_t day = 24 * 60 * TALLY_MS;
	int64_t length = 0;

	for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		length = minutes[i] * TALLY_MS;
		if (now / length - first / length < PROGRESS_BUCKETS_MAX)
			return length;
	}
	for (length = day; now / length - first / length >= PROGRESS_BUCKETS_MAX;)
		length += day;
	return length;
}

static void chart_fill(struct progress *p, const struct store_tally *minutes, size_t count)
{
	p->bucket = PROGRESS_BUCKET_MS;
	p->bucket_count = 0;
	if (count == 0)
		return;
	p->bucket = bucket_length(minutes[0].at, p->now);
	int64_t begin = floor_to(minutes[0].at, p->bucket);
	p->bucket_count = (size_t)((p->now - begin) / p->bucket + 1);
	memset(p->buckets, 0, p->bucket_count * sizeof(p->buckets[0]));
	for (size_t i = 0; i < p->bucket_count; i++)
		p->buckets[i].at = begin + (int64_t)i * p->bucket;
	for (size_t i = 0; i < count; i++) {
		struct store_tally *b = &p->buckets[(minutes[i].at - begin) / p->bucket];
		for (int k = 0; k < TALLIES; k++)
			b->count[k] += minutes[i].count[k];
	}
}

void progress_count(struct progress *p, struct store_tally *minutes, size_t count)
{
	size_t past = count;

	/* A clock was set back: when that was, nobody knows, and nobody's rate is made of it. */
	while (past > 0 && minutes[past - 1].at > p->now)
		past--;
	rate_count(&p->rate, minutes, past, p->now, PROGRESS_SHORT_MINUTES);
	rate_count(&p->slow, minutes, past, p->now, PROGRESS_LONG_MINUTES);
	times_correct(minutes, count, p->now);
	chart_fill(p, minutes, count);
}

/* ---- who does not move ---- */

void progress_stuck_add(struct progress *p, const struct progress_stuck *stuck)
{
	size_t i = p->stuck_count;

	while (i > 0 && p->stuck[i - 1].since > stuck->since)
		i--;
	if (i == PROGRESS_STUCK_MAX)
		return;
	if (p->stuck_count < PROGRESS_STUCK_MAX)
		p->stuck_count++;
	memmove(&p->stuck[i + 1], &p->stuck[i], (p->stuck_count - 1 - i) * sizeof(p->stuck[0]));
	p->stuck[i] = *stuck;
}

int64_t progress_limit(enum machine_state state, const struct learnt learnt[LEARNT_STEPS])
{
	static const struct {
		enum machine_state state;
		enum learnt_step step;
	} limits[] = {{STATE_booting, LEARNT_BOOT}, {STATE_running, LEARNT_PLAN},
	        {STATE_unlocking, LEARNT_PLAN}, {STATE_planning, LEARNT_PLAN},
	        {STATE_saving, LEARNT_SAVE}, {STATE_repairing, LEARNT_WRITE},
	        {STATE_repaired, LEARNT_RETURN}, {STATE_rebooting, LEARNT_RETURN}};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].state == state)
			return learn_limit(limits[i].step, &learnt[limits[i].step]);
	return 0;
}

/* ---- for others ---- */

double progress_per_hour(const struct progress *p)
{
	int64_t tenths = (p->rate.recovered * 10 * 60 * TALLY_MS + p->rate.ms / 2) / p->rate.ms;

	return (double)tenths / 10;
}

int progress_steps(const struct progress *p,
        int (*each)(const char *step, const struct learnt *learnt, void *context), void *context)
{
	static const struct {
		enum machine_state state;
		enum learnt_step step;
	} steps[] = {{STATE_booting, LEARNT_BOOT}, {STATE_waiting, LEARNT_KEY},
	        {STATE_planning, LEARNT_PLAN}, {STATE_saving, LEARNT_SAVE},
	        {STATE_repairing, LEARNT_WRITE}, {STATE_rebooting, LEARNT_RETURN}};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = each(machine_state_name(steps[i].state), &p->learnt[steps[i].step], context);
	return r;
}
