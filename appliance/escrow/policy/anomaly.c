/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/anomaly_internal.h"

#include <stdio.h>

/* More than w may: times the rule, and as much again for each time a person has trusted it. Rule 0
 * is no limit. */
static bool over(const struct watched *w, uint64_t count, uint64_t rule, uint64_t times)
{
	return rule > 0 && count > rule * times * (1 + (uint64_t)w->trusted);
}

enum reason anomaly_asked(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t now)
{
	int64_t time = steady_at(&a->clock, now);
	struct watched *m = anomaly_touch_machine(a, s, time);
	char why[ANOMALY_WHY];

	if (!m)
		return REASON_RELEASES_STOPPED;
	bool fresh = !watched_seen(m, protector, time);
	if ((!fresh || !over(m, watched_count(m, time) + 1, a->rules->machine_keys, 1)) &&
	        watched_see(m, protector, time))
		return REASON_OK;
	(void)snprintf(
	        why, sizeof(why), "it asked for more than %zu keys within an hour", m->seen_count);
	return anomaly_suspect(a, m, s, time, why);
}

/* What is known of the protector, to be marked. NULL: the machine cannot be watched, or shows more
 * than can be told apart. */
static struct seen *seen_of(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t time)
{
	struct watched *m = anomaly_touch_machine(a, s, time);

	return m ? watched_see(m, protector, time) : NULL;
}

enum reason anomaly_not_found(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t now)
{
	int64_t time = steady_at(&a->clock, now);
	struct seen *seen = seen_of(a, s, protector, time);
	struct watched *from = anomaly_touch_address(a, s, time);
	char why[ANOMALY_WHY];

	if (!seen || seen->not_found || !from)
		return REASON_OK;
	seen->not_found = true;
	tally_add(&from->not_found, time);
	uint32_t count = tally_sum(&from->not_found, time);
	if (!over(from, count, a->rules->machine_keys, ANOMALY_SHARED + watched_count(from, time)))
		return REASON_OK;
	(void)snprintf(why, sizeof(why),
	        "%u keys that are not in escrow were asked for from there within an hour", count);
	return anomaly_suspect(a, from, s, time, why);
}

static uint32_t mismatches(struct watched *m, int64_t time)
{
	uint32_t count = 0;

	for (size_t i = 0; i < watched_count(m, time); i++)
		count += m->seen[i].mismatch;
	return count;
}

enum reason anomaly_worse(enum reason x, enum reason y)
{
	return x == REASON_RELEASES_STOPPED || y == REASON_OK ? x : y;
}

enum reason anomaly_mismatch(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t now)
{
	int64_t time = steady_at(&a->clock, now);
	struct seen *seen = seen_of(a, s, protector, time);
	struct watched *from = anomaly_touch_address(a, s, time);
	enum reason of_machine = REASON_OK, of_address = REASON_OK;
	uint32_t rule = a->rules->machine_mismatches;
	char why[ANOMALY_WHY];

	if (!seen || seen->mismatch)
		return REASON_OK;
	seen->mismatch = true;
	struct watched *m = anomaly_touch_machine(a, s, time);
	uint32_t count = mismatches(m, time);
	if (over(m, count, rule, 1)) {
		(void)snprintf(why, sizeof(why),
		        "no key in escrow opens %u of what it showed within an hour", count);
		of_machine = anomaly_suspect(a, m, s, time, why);
	}
	if (from) {
		tally_add(&from->mismatch, time);
		count = tally_sum(&from->mismatch, time);
	}
	if (from && over(from, count, rule, 1 + watched_count(from, time))) {
		(void)snprintf(why, sizeof(why),
		        "no key in escrow opens %u of what was shown from there within an hour",
		        count);
		of_address = anomaly_suspect(a, from, s, time, why);
	}
	return anomaly_worse(of_machine, of_address);
}

void anomaly_opened(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t now)
{
	int64_t time = steady_at(&a->clock, now);
	struct seen *seen = seen_of(a, s, protector, time);
	struct watched *from = anomaly_touch_address(a, s, time);

	if (seen)
		seen->not_found = seen->mismatch = false;
	if (from)
		(void)watched_see(from, protector, time);
}

enum reason anomaly_token(
        struct anomaly *a, const struct subject *s, enum reason misuse, int64_t now)
{
	int64_t time = steady_at(&a->clock, now);
	struct watched *from = anomaly_touch_address(a, s, time);
	char why[ANOMALY_WHY];

	if (!from)
		return REASON_OK;
	if (misuse == REASON_TOKEN_INVALID || misuse == REASON_TOKEN_EXPIRED) {
		tally_add(&from->noise, time);
		return REASON_OK;
	}
	tally_add(&from->misused, time);
	uint32_t count = tally_sum(&from->misused, time);
	if (!over(from, count, ANOMALY_TOKENS + watched_count(from, time), 1))
		return REASON_OK;
	(void)snprintf(why, sizeof(why),
	        "%u boot tokens or sessions of others were used from there within an hour", count);
	return anomaly_suspect(a, from, s, time, why);
}
