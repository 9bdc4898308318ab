/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/learnt.h"
#include "appliance/store/sql.h"

#include <string.h>

static const char *const names[LEARNT_STEPS] = {
        "boot", "repair", "return", "key", "plan", "save", "write"};

const char *learnt_step_name(enum learnt_step step)
{
	return names[step];
}

/* Each walks an index from its newest end, and for each row another one: the size of the fleet and
 * of its past do not matter. */
static struct sql *durations(struct store *s, enum learnt_step step)
{
	switch (step) {
	case LEARNT_BOOT:
		return sql_prepare(s,
		        "SELECT s.created - (SELECT max(e.at) FROM events e WHERE e.machine ="
		        " s.machine AND e.attempt = s.attempt AND e.step = 'boot' AND e.state ="
		        " 'booting') FROM sessions s ORDER BY s.id DESC LIMIT ?");
	case LEARNT_REPAIR:
		return sql_prepare(s, "SELECT r.at - s.created FROM results r JOIN sessions s"
		                      " ON s.id = r.session ORDER BY r.id DESC LIMIT ?");
	default:
		return sql_prepare(s,
		        "SELECT m.since - (SELECT r.at FROM results r WHERE r.machine = m.id"
		        " ORDER BY r.id DESC LIMIT 1) FROM machines m WHERE m.state = 'returned'"
		        " ORDER BY m.last_seen DESC LIMIT ?");
	}
}

int store_durations(
        struct store *s, enum learnt_step step, int64_t ret[LEARNT_SAMPLES_MAX], size_t *ret_count)
{
	struct sql *st = durations(s, step);
	size_t count = 0;
	int r;

	sql_bind(st, "i", (int64_t)LEARNT_SAMPLES_MAX);
	while ((r = sql_step(s, st)) == 1 && count < LEARNT_SAMPLES_MAX) {
		/* NULL reads as 0: a step whose beginning is not known any more. Clocks are set. */
		int64_t ms = sql_int(st, 0);
		if (ms > 0)
			ret[count++] = ms;
	}
	sql_end(st);
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int store_newest_results(
        struct store *s, int (*each)(const char *json, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT json FROM results ORDER BY id DESC LIMIT ?");
	int r;

	sql_bind(st, "i", (int64_t)LEARNT_SAMPLES_MAX);
	while ((r = sql_step(s, st)) == 1) {
		r = each(sql_string(st, 0), context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_learnt(struct store *s, struct learnt ret[LEARNT_STEPS])
{
	struct sql *st = sql_prepare(s, "SELECT step, samples, median, most, at FROM learnt");
	struct learnt found[LEARNT_STEPS] = {0};
	char step[16];
	int r;

	while ((r = sql_step(s, st)) == 1) {
		sql_text(st, 0, step, sizeof(step));
		for (size_t i = 0; i < LEARNT_STEPS; i++)
			if (strcmp(step, names[i]) == 0)
				found[i] = (struct learnt){.samples = (int)sql_int(st, 1),
				        .median = sql_int(st, 2),
				        .most = sql_int(st, 3),
				        .at = sql_int(st, 4)};
	}
	if (r == 0)
		memcpy(ret, found, sizeof(found));
	return r;
}

int store_learnt_set(struct store *s, enum learnt_step step, const struct learnt *learnt)
{
	struct sql *st =
	        sql_prepare(s, "INSERT INTO learnt (step, samples, median, most, at)"
	                       " VALUES (?, ?, ?, ?, ?)"
	                       " ON CONFLICT (step) DO UPDATE SET samples = excluded.samples,"
	                       " median = excluded.median, most = excluded.most,"
	                       " at = excluded.at");

	sql_bind(st, "tiiii", names[step], (int64_t)learnt->samples, learnt->median, learnt->most,
	        learnt->at);
	return sql_run(s, st);
}
