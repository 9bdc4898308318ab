/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A campaign's report as JSON:
 * {"v":1,"at":0,"campaign":CAMPAIGN,
 *  "decisions":[{"at":0,"who":"","via":"","verb":"","text":""}],
 *  "reasons":[{"reason":"","title":"","machines":0}],
 *  "times":[{"step":"boot","samples":0,"median":0}],
 *  "released":0,"power":{"switched":0,"failed":0},
 *  "machines":[{"id":1,"name":"","mac":"","serial":"","site":"","floor":"","owner":"","wave":1,
 *    "attempt":1,"back":false,"state":"","reason":"","severity":"","title":"","advice":"",
 *    "text":"","result":"","since":0,"power":"","power_reason":"","power_text":""}]}
 * reasons: of the repairs, by their result. times: ms, per step and in all. released: machines that
 * were given a key. switched: machines started through their management controllers that asked for
 * their boot; failed: those that could not be. A machine's power: the state of the last order to
 * its controller; "" when there was none.
 */
#include "appliance/fleet/campaign/report_power.h"
#include "appliance/fleet/campaign/run.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECISIONS_MAX 2000

/* ---- who decided what ---- */

struct decisions {
	const char *campaign;
	json_t *list; /* the oldest first */
};

static int decision_take(const struct store_action *a, void *context)
{
	struct decisions *d = context;

	if (strcmp(a->kind, "campaign") != 0 || strcmp(a->object, d->campaign) != 0)
		return 0;
	if (json_array_size(d->list) >= DECISIONS_MAX)
		return 0;
	return json_array_insert_new(d->list, 0,
	        json_pack("{s:I, s:s, s:s, s:s, s:s}", "at", (json_int_t)a->at, "who",
	                a->actor.name, "via", a->actor.via, "verb", a->verb, "text", a->text));
}

/* ---- times ---- */

enum { AT_BOOT, AT_SESSION, AT_RESULT, AT_WINDOWS, AT_COUNT };
static const char *const step_names[AT_COUNT] = {"boot", "session", "result", "windows"};

struct times {
	int64_t machine, at[AT_COUNT];
	enum reason result;
};

/* Of each machine its last steps, in order of machines. */
struct steps {
	struct times *all;
	size_t count, room;
};

static int step_take(const struct store_step *step, void *context)
{
	struct steps *steps = context;

	if (!steps->count || steps->all[steps->count - 1].machine != step->machine) {
		if (steps->count == steps->room) {
			size_t room = steps->room ? 2 * steps->room : 256;
			struct times *all = reallocarray(steps->all, room, sizeof(*all));
			if (!all)
				return -ENOMEM;
			steps->all = all;
			steps->room = room;
		}
		steps->all[steps->count++] =
		        (struct times){.machine = step->machine, .result = REASON_COUNT};
	}
	struct times *t = &steps->all[steps->count - 1];
	for (int i = 0; i < AT_COUNT; i++)
		if (strcmp(step->step, step_names[i]) == 0)
			t->at[i] = step->at;
	if (strcmp(step->step, "result") == 0)
		t->result = step->reason;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* From one step to another, of the machines that came to both in that order. */
static json_t *median_json(const struct steps *steps, const char *name, int from, int to)
{
	int64_t *spans = steps->count ? calloc(steps->count, sizeof(*spans)) : NULL;
	size_t n = 0;

	for (size_t i = 0; spans && i < steps->count; i++) {
		const int64_t *at = steps->all[i].at;
		if (at[from] && at[to] >= at[from])
			spans[n++] = at[to] - at[from];
	}
	if (n)
		qsort(spans, n, sizeof(*spans), by_number);
	int64_t median = n ? spans[n / 2] : 0;
	free(spans);
	return json_pack("{s:s, s:I, s:I}", "step", name, "samples", (json_int_t)n, "median",
	        (json_int_t)median);
}

static json_t *times_json(const struct steps *steps)
{
	return json_pack("[o, o, o, o]", median_json(steps, "boot", AT_BOOT, AT_SESSION),
	        median_json(steps, "repair", AT_SESSION, AT_RESULT),
	        median_json(steps, "return", AT_RESULT, AT_WINDOWS),
	        median_json(steps, "all", AT_BOOT, AT_WINDOWS));
}

static json_t *reasons_json(const struct steps *steps)
{
	int64_t counts[REASON_COUNT] = {0};
	json_t *list = json_array();

	for (size_t i = 0; i < steps->count; i++)
		if (steps->all[i].result < REASON_COUNT)
			counts[steps->all[i].result]++;
	for (int i = 0; i < REASON_COUNT; i++)
		if (counts[i])
			(void)json_array_append_new(list,
			        json_pack("{s:s, s:s, s:I}", "reason", reason_code((enum reason)i),
			                "title", reason_title((enum reason)i), "machines",
			                (json_int_t)counts[i]));
	return list;
}

/* ---- machines ---- */

static int by_machine(const void *machine, const void *times)
{
	int64_t a = *(const int64_t *)machine, b = ((const struct times *)times)->machine;

	return (a > b) - (a < b);
}

static const struct times *times_of(const struct steps *steps, int64_t machine)
{
	return steps->count ? bsearch(&machine, steps->all, steps->count, sizeof(*steps->all),
	                              by_machine)
	                    : NULL;
}

static json_t *machine_json(const struct machine *m, const struct times *t)
{
	char name[NM_MAX_NAME + 1];
	const char *result = t && t->result < REASON_COUNT ? reason_code(t->result) : "";

	fleet_machine_name(m, name);
	json_t *row = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:b, s:s, s:I}",
	        "id", (json_int_t)m->id, "name", name, "mac", m->mac, "serial", machine_serial(m),
	        "site", m->site, "floor", m->floor, "owner", m->owner, "wave", m->wave, "attempt",
	        m->attempt, "back", m->state == STATE_returned, "result", result, "since",
	        (json_int_t)m->since);
	json_t *why = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "state",
	        machine_state_name(m->state), "reason", reason_code(m->reason), "severity",
	        reason_severity(m->reason), "title", reason_title(m->reason), "advice",
	        reason_advice(m->reason), "text", m->text);

	(void)json_object_update(row, why);
	json_decref(why);
	return row;
}

static int machines_json(struct store *s, int64_t campaign, const struct steps *steps, json_t **ret)
{
	json_t *list = json_array();
	int64_t *ids = NULL;
	size_t n = 0;
	struct machine m;

	int r = store_campaign_machines(s, campaign, 0, &ids, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = store_machine_get(s, ids[i], &m);
		if (r == 0 && json_array_append_new(list, machine_json(&m, times_of(steps, m.id))))
			r = -ENOMEM;
	}
	free(ids);
	if (r == 0)
		*ret = list;
	else
		json_decref(list);
	return r;
}

/* ---- all of it ---- */

static int report_make(struct store *s, const struct store_campaign *c, int64_t now, json_t **ret)
{
	struct decisions decisions = {c->name, json_array()};
	struct steps steps = {0};
	json_t *campaign = NULL, *machines = NULL, *power = NULL;
	int64_t released = 0;

	int r = campaign_show(s, c->id, now, &campaign);
	if (r == 0)
		r = store_actions(s, 0, 0, decision_take, &decisions);
	if (r == 0)
		r = store_campaign_steps(s, c->id, c->started, step_take, &steps);
	if (r == 0)
		r = store_campaign_released(s, c->id, c->started, &released);
	if (r == 0)
		r = machines_json(s, c->id, &steps, &machines);
	if (r == 0)
		r = report_power_json(s, c->id, machines, &power);
	json_t *json = NULL;
	if (r == 0) {
		json = json_pack("{s:i, s:I, s:O, s:O, s:o, s:o, s:I, s:O, s:O}", "v", 1, "at",
		        (json_int_t)now, "campaign", campaign, "decisions", decisions.list,
		        "reasons", reasons_json(&steps), "times", times_json(&steps), "released",
		        (json_int_t)released, "power", power, "machines", machines);
		r = json ? 0 : -ENOMEM;
	}
	json_decref(campaign);
	json_decref(machines);
	json_decref(power);
	json_decref(decisions.list);
	free(steps.all);
	if (r == 0)
		*ret = json;
	return r;
}

int campaign_report(struct store *s, int64_t id, int64_t now, json_t **ret)
{
	struct store_campaign c;

	int r = store_campaign_get(s, id, &c);
	if (r < 0)
		return r;
	if (c.state == CAMPAIGN_DRAFT)
		r = -EPERM;
	else if (c.report && c.report[0]) {
		*ret = json_loads(c.report, 0, NULL);
		r = *ret ? 0 : -EIO;
	} else {
		r = report_make(s, &c, now, ret);
	}
	store_campaign_free(&c);
	return r;
}

static int report_keep(struct store *s, int64_t id, int64_t now)
{
	struct store_campaign c;
	json_t *report;

	int r = store_campaign_get(s, id, &c);
	if (r < 0)
		return r;
	r = report_make(s, &c, now, &report);
	if (r == 0) {
		free(c.report);
		c.report = json_dumps(report, JSON_COMPACT);
		json_decref(report);
		r = c.report ? store_campaign_save(s, &c) : -ENOMEM;
	}
	store_campaign_free(&c);
	return r;
}

int campaign_keep_reports(struct store *s, int64_t now)
{
	int64_t *ids = NULL;
	size_t count = 0;

	int r = store_campaign_unkept(s, &ids, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = report_keep(s, ids[i], now);
	free(ids);
	return r;
}
