/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/anomaly_internal.h"
#include "appliance/escrow/policy/span.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STOP_WINDOW INT64_C(600000)

struct anomaly *anomaly_new(const struct policy_rules *rules)
{
	struct anomaly *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->rules = rules;
	if (watch_init(&a->watch, ANOMALY_WATCHED) < 0) {
		free(a);
		return NULL;
	}
	return a;
}

void anomaly_free(struct anomaly *a)
{
	if (!a)
		return;
	watch_clear(&a->watch);
	free(a);
}

/* --- who -----------------------------------------------------------------------------------------
 */

static void machine_key(const struct subject *s, char ret[TABLE_KEY])
{
	if (s->machine)
		(void)snprintf(ret, TABLE_KEY, "m%" PRId64, s->machine);
	else
		(void)snprintf(ret, TABLE_KEY, "m%s", s->mac);
}

static void address_key(const struct subject *s, char ret[TABLE_KEY])
{
	(void)snprintf(ret, TABLE_KEY, "a%.46s", s->ip);
}

/* NULL: none of the kind, or not seen yet. */
static struct watched *find_machine(const struct anomaly *a, const struct subject *s)
{
	char key[TABLE_KEY];

	machine_key(s, key);
	return watch_find(&a->watch, key);
}

static struct watched *find_address(const struct anomaly *a, const struct subject *s)
{
	char key[TABLE_KEY];

	address_key(s, key);
	return watch_find(&a->watch, key);
}

/* Who cannot be watched gets nothing. */
static struct watched *touch(struct anomaly *a, const char *key, int64_t time)
{
	struct watched *w = watch_touch(&a->watch, key, time);

	if (!w && !a->stopped) {
		a->stopped = true;
		(void)snprintf(a->why, sizeof(a->why), "more suspects than can be remembered");
	}
	return w;
}

struct watched *anomaly_touch_machine(struct anomaly *a, const struct subject *s, int64_t time)
{
	char key[TABLE_KEY];

	machine_key(s, key);
	struct watched *w = touch(a, key, time);
	if (w && !w->name &&
	        asprintf(&w->name, "%s (number %" PRId64 ", %s)", s->name[0] ? s->name : "machine",
	                s->machine, s->mac) < 0)
		w->name = NULL;
	return w;
}

struct watched *anomaly_touch_address(struct anomaly *a, const struct subject *s, int64_t time)
{
	char key[TABLE_KEY];

	if (!s->ip[0])
		return NULL;
	address_key(s, key);
	return touch(a, key, time);
}

/* --- suspicion -----------------------------------------------------------------------------------
 */

/* An address counts once within the time. True: so many that all is stopped. */
static bool too_many(struct anomaly *a, const struct subject *s, int64_t time)
{
	struct origin origin = {.time = time};
	size_t kept = 0;

	if (s->ip[0])
		address_key(s, origin.key);
	else
		machine_key(s, origin.key);
	for (size_t i = 0; i < a->origin_count; i++)
		if (time - a->origins[i].time < STOP_WINDOW &&
		        strcmp(a->origins[i].key, origin.key) != 0)
			a->origins[kept++] = a->origins[i];
	if (kept == ANOMALY_ORIGINS)
		kept--; /* the oldest: so many are enough for any rule */
	memmove(&a->origins[1], &a->origins[0], kept * sizeof(origin));
	a->origins[0] = origin;
	a->origin_count = kept + 1;
	return a->rules->suspects > 0 &&
	       (a->origin_count >= a->rules->suspects || a->origin_count == ANOMALY_ORIGINS);
}

enum reason anomaly_suspect(struct anomaly *a, struct watched *w, const struct subject *s,
        int64_t time, const char *why)
{
	if (w->vouched || watched_is_suspect(w, time))
		return REASON_OK;
	free(w->why);
	w->why = strdup(why);
	w->until = time + WATCHED_HOUR;
	bool stop = !w->why || too_many(a, s, time);
	if (!stop || a->stopped)
		return REASON_MACHINE_SUSPECT;
	a->stopped = true;
	(void)snprintf(a->why, sizeof(a->why),
	        "%u suspects within 10 minutes; the last one, %.60s at %s: %s", a->rules->suspects,
	        s->name[0] ? s->name : "a machine", s->ip, why);
	return REASON_RELEASES_STOPPED;
}

/* --- what follows --------------------------------------------------------------------------------
 */

static void explain(
        const struct watched *w, int64_t time, const char *what, char *text, size_t size)
{
	char span[SPAN_TEXT], noise[48] = "";
	uint32_t unknown = tally_sum(&w->noise, time);

	span_text(w->until - time, span);
	if (unknown)
		(void)snprintf(noise, sizeof(noise), "; %u unknown boot tokens too", unknown);
	(void)snprintf(text, size, "%s%s%s; it is over in %s", what, w->why, noise, span);
}

enum reason anomaly_check(
        const struct anomaly *a, const struct subject *s, int64_t now, char *text, size_t size)
{
	struct steady clock = a->clock;
	int64_t time = steady_at(&clock, now);
	const struct watched *machine = find_machine(a, s), *from = find_address(a, s);
	char what[64];

	if (size)
		text[0] = '\0';
	if (anomaly_stopped(a, text, size))
		return REASON_RELEASES_STOPPED;
	if (machine && watched_is_suspect(machine, time)) {
		explain(machine, time, "", text, size);
		return REASON_MACHINE_SUSPECT;
	}
	if (from && watched_is_suspect(from, time)) {
		(void)snprintf(what, sizeof(what), "its address %s: ", s->ip);
		explain(from, time, what, text, size);
		return REASON_MACHINE_SUSPECT;
	}
	return REASON_OK;
}

bool anomaly_stopped(const struct anomaly *a, char *text, size_t size)
{
	if (a->stopped)
		(void)snprintf(text, size, "%s", a->why);
	return a->stopped;
}

void anomaly_suspects(const struct anomaly *a, int64_t now,
        void (*each)(void *context, const char *what, const char *why), void *context)
{
	struct steady clock = a->clock;
	int64_t time = steady_at(&clock, now);

	for (const struct watched *w = a->watch.oldest; w; w = w->newer)
		if (watched_is_suspect(w, time))
			each(context, w->name ? w->name : w->node.key + 1, w->why);
}

/* --- by a person ---------------------------------------------------------------------------------
 */

void anomaly_stop(struct anomaly *a, const char *why, int64_t now)
{
	(void)steady_at(&a->clock, now);
	a->stopped = true;
	(void)snprintf(a->why, sizeof(a->why), "%s", why[0] ? why : "by a person");
}

void anomaly_resume(struct anomaly *a)
{
	a->stopped = false;
	a->origin_count = 0;
}

bool anomaly_trust(struct anomaly *a, const struct subject *s)
{
	int64_t time = a->clock.last + a->clock.shift;
	struct watched *machine = s->machine ? find_machine(a, s) : NULL;
	struct watched *from = anomaly_touch_address(a, s, time);
	bool machine_was = machine && watched_is_suspect(machine, time);
	bool from_was = from && watched_is_suspect(from, time);

	if (machine_was)
		watched_trust(machine);
	if (from_was)
		watched_trust(from);
	if (from && !s->machine)
		from->vouched = true;
	return machine_was || from_was;
}
