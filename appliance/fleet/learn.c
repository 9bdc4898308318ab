/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/learn.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE ((int64_t)60 * 1000)

static const struct {
	int64_t unknown, least, most; /* the limit before anything is known, and its bounds */
	const char *usually, *silent;
} steps[LEARNT_STEPS] = {
        [LEARNT_BOOT] = {FLEET_BOOT_MS, MINUTE, 10 * MINUTE, "usually there after",
                "handed the fixer, not heard of for"},
        [LEARNT_RETURN] = {FLEET_RETURN_MS, 5 * MINUTE, 30 * MINUTE, "usually back after",
                "not seen for"},
        [LEARNT_PLAN] = {5 * MINUTE, 2 * MINUTE, 30 * MINUTE, NULL, NULL},
        [LEARNT_SAVE] = {5 * MINUTE, 2 * MINUTE, 30 * MINUTE, NULL, NULL},
        [LEARNT_WRITE] = {5 * MINUTE, 2 * MINUTE, 30 * MINUTE, NULL, NULL},
};

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t learn_median(int64_t *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), by_value);
	return values[(count - 1) / 2];
}

int64_t learn_limit(enum learnt_step step, const struct learnt *learnt)
{
	if (learnt->samples < LEARN_SAMPLES_MIN)
		return steps[step].unknown;
	int64_t most = steps[step].most, least = steps[step].least;
	if (learnt->median > most / LEARN_MULTIPLE)
		return most;
	int64_t limit = learnt->median * LEARN_MULTIPLE;
	return limit < least ? least : limit;
}

void learn_duration(int64_t ms, char ret[LEARN_DURATION_TEXT])
{
	const size_t size = LEARN_DURATION_TEXT;
	int64_t s = (ms + 500) / 1000;

	if (s < 60)
		(void)snprintf(ret, size, "%" PRId64 " s", s);
	else if (s >= 3600)
		(void)snprintf(ret, size, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else if (s % 60 == 0 || s >= 600)
		(void)snprintf(ret, size, "%" PRId64 " min", s / 60);
	else
		(void)snprintf(ret, size, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
}

void learn_text(enum learnt_step step, const struct learnt *learnt, int64_t silent_ms, char *ret,
        size_t size)
{
	char usually[LEARN_DURATION_TEXT], silent[LEARN_DURATION_TEXT];

	ret[0] = 0;
	if (!steps[step].usually)
		return;
	learn_duration(learnt->median, usually);
	learn_duration(silent_ms, silent);
	if (learnt->samples < LEARN_SAMPLES_MIN)
		(void)snprintf(ret, size, "%s %s", steps[step].silent, silent);
	else
		(void)snprintf(ret, size, "%s %s; %s %s", steps[step].usually, usually,
		        steps[step].silent, silent);
}

/* Milliseconds since the kernel's start at the end of each. */
struct timing {
	json_int_t session, release, plan, save, commit, verify;
};

static int64_t between(json_int_t from, json_int_t to)
{
	return from > 0 && to > from ? to - from : 0;
}

void learn_parts(const char *result, int64_t ret[LEARNT_STEPS])
{
	struct timing t = {0};
	json_t *json = json_loads(result, 0, NULL);

	memset(ret, 0, LEARNT_STEPS * sizeof(*ret));
	if (json_unpack(json, "{s:{s:I, s:I, s:I, s:I, s:I, s:I}}", "timing", "session", &t.session,
	            "release", &t.release, "plan", &t.plan, "save", &t.save, "commit", &t.commit,
	            "verify", &t.verify) == 0) {
		ret[LEARNT_KEY] = between(t.session, t.release);
		ret[LEARNT_PLAN] = between(t.release ? t.release : t.session, t.plan);
		ret[LEARNT_SAVE] = between(t.plan, t.save);
		ret[LEARNT_WRITE] = between(t.save, t.verify ? t.verify : t.commit);
	}
	json_decref(json);
}

struct samples {
	int64_t ms[LEARNT_STEPS][LEARNT_SAMPLES_MAX];
	size_t count[LEARNT_STEPS];
};

static int parts_add(const char *result, void *context)
{
	struct samples *samples = context;
	int64_t ms[LEARNT_STEPS];

	learn_parts(result, ms);
	for (int i = LEARNT_PARTS; i < LEARNT_STEPS; i++)
		if (ms[i] > 0 && samples->count[i] < LEARNT_SAMPLES_MAX)
			samples->ms[i][samples->count[i]++] = ms[i];
	return 0;
}

static int samples_gather(struct store *s, struct samples *ret)
{
	int r = 0;

	for (int i = 0; r == 0 && i < LEARNT_PARTS; i++)
		r = store_durations(s, (enum learnt_step)i, ret->ms[i], &ret->count[i]);
	return r < 0 ? r : store_newest_results(s, parts_add, ret);
}

static bool same(const struct learnt *a, const struct learnt *b)
{
	return a->samples == b->samples && a->median == b->median && a->most == b->most;
}

/* All appliances learn the same: it does not matter who does, nor whether two do. */
static int learn_anew(struct fleet *f, int64_t now)
{
	struct samples *samples = calloc(1, sizeof(*samples));
	struct learnt learnt[LEARNT_STEPS];
	bool news = false;

	if (!samples)
		return -ENOMEM;
	int r = samples_gather(f->store, samples);
	for (int i = 0; r == 0 && i < LEARNT_STEPS; i++) {
		size_t count = samples->count[i];
		int64_t median = learn_median(samples->ms[i], count); /* sorts them */
		learnt[i] = (struct learnt){.samples = (int)count,
		        .median = median,
		        .most = count ? samples->ms[i][count - 1] : 0,
		        .at = now};
		news |= !same(&learnt[i], &f->learnt[i]);
	}
	free(samples);
	/* An idle appliance writes nothing. */
	if (r < 0 || !news)
		return r;
	r = store_begin(f->store, false);
	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < LEARNT_STEPS; i++)
		r = store_learnt_set(f->store, (enum learnt_step)i, &learnt[i]);
	r = change_end(f->store, r);
	if (r == 0)
		memcpy(f->learnt, learnt, sizeof(learnt));
	return r;
}

/* Due again when that long ago, or in a future that a clock which was set has left. */
static bool due(int64_t at, int64_t now, int64_t period)
{
	return now - at >= period || at - now > LEARN_MS;
}

int learn_tick(struct fleet *f, int64_t now)
{
	bool few = f->learnt[LEARNT_REPAIR].samples < LEARN_SAMPLES_MIN;
	int64_t period = few ? LEARN_SOON_MS : LEARN_MS;

	if (f->learnt_at && !due(f->learnt_at, now, period))
		return 0;
	int r = store_learnt(f->store, f->learnt);
	if (r == 0 && due(f->learnt[0].at, now, period))
		r = learn_anew(f, now);
	if (r == 0)
		f->learnt_at = now;
	return r;
}
