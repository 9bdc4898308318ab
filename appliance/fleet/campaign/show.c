/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Campaigns as the page and the command line show them. */
#include "appliance/fleet/campaign/run.h"
#include "appliance/fleet/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *wave_json(const struct wave_now *w, bool shut)
{
	return json_pack("{s:i, s:s, s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:i}", "number",
	        w->row.number, "name", w->row.name, "opened", (json_int_t)w->row.opened, "open",
	        w->row.opened && !shut, "done", w->row.done, "machines", (json_int_t)w->machines,
	        "waiting", (json_int_t)w->waiting, "working", (json_int_t)w->working, "returned",
	        (json_int_t)w->returned, "failed", (json_int_t)w->failed, "rank", w->row.rank);
}

static json_t *campaign_json(
        const struct store_campaign *c, const struct plan *p, const struct campaign_look *look)
{
	bool shut = campaign_shut(c->state, c->window_from, c->window_until, look->now);
	json_t *waves = json_array();
	char line[200] = "";

	campaign_line(p, look, line, sizeof(line));
	for (size_t i = 0; i < look->wave_count; i++)
		(void)json_array_append_new(waves, wave_json(&look->waves[i], shut));
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:O?, s:I, s:s, s:I, s:I, s:s, s:b, s:o}",
	        "id", (json_int_t)c->id, "name", c->name, "state", campaign_state_name(c->state),
	        "reason", reason_code(c->reason), "title", reason_title(c->reason), "text", c->text,
	        "plan", p->root, "created", (json_int_t)c->created, "created_by", c->created_by,
	        "started", (json_int_t)c->started, "ended", (json_int_t)c->ended, "line", line,
	        "all_back", campaign_all_back(look), "waves", waves);
}

/* Its machines are another campaign's by now: as it was at the end. Before it report.c writes
 * numbers alone, behind it thousands of machines that a list of campaigns need not read. */
static int kept(const struct store_campaign *c, json_t **ret)
{
	static const char field[] = "\"campaign\":";
	const char *at = strstr(c->report, field);
	json_t *campaign = at ? json_loads(at + strlen(field), JSON_DISABLE_EOF_CHECK, NULL) : NULL;

	if (campaign)
		*ret = campaign;
	return campaign ? 0 : -EIO;
}

int campaign_show(struct store *s, int64_t id, int64_t now, json_t **ret)
{
	struct store_campaign c;
	struct campaign_look look;
	struct plan plan = {0};
	struct error err = {0};

	int r = store_campaign_get(s, id, &c);
	if (r < 0)
		return r;
	if (c.report && c.report[0]) {
		r = kept(&c, ret);
		store_campaign_free(&c);
		return r;
	}
	r = campaign_plan(&c, &plan, &err);
	if (r == 0 || r == -EBADMSG) /* its counts and its state can be told without it */
		r = campaign_look(s, &c, &plan, now, &look);
	if (r == 0) {
		json_t *json = campaign_json(&c, &plan, &look);
		r = json ? 0 : -ENOMEM;
		if (json)
			*ret = json;
	}
	plan_clear(&plan);
	store_campaign_free(&c);
	return r;
}

/* ---- before it starts ---- */

struct preview {
	const struct plan *plan;
	json_t *listed; /* of its machines, those that nobody knows */
	int64_t scope, elsewhere, returned, working;
	int quota[WAVES_MAX];
	int64_t taken[WAVES_MAX];
};

static int preview_count(const struct store_candidate *c, void *context)
{
	struct preview *p = context;

	plan_strike(p->listed, c);
	if (!plan_in_scope(p->plan, c))
		return 0;
	if (c->live) {
		p->elsewhere++;
		return 0;
	}
	p->scope++;
	p->returned += c->state == STATE_returned;
	p->working += c->state >= STATE_booting && c->state <= STATE_rebooting &&
	              !change_only_looked(c->state, c->reason);
	return 0;
}

static int preview_place(const struct store_candidate *c, void *context)
{
	struct preview *p = context;

	if (!c->live && plan_in_scope(p->plan, c))
		p->taken[plan_wave_of(p->plan, c, p->quota, p->taken)]++;
	return 0;
}

static void tell(json_t *problems, const char *format, long long number, const char *name)
{
	char text[200], count[24];

	(void)snprintf(count, sizeof(count), "%lld ", number);
	(void)snprintf(text, sizeof(text), "%s%s%s", number ? count : "", name, format);
	(void)json_array_append_new(problems, json_string(text));
}

static void preview_problems(const struct preview *p, int64_t now, json_t *problems)
{
	if (p->scope == 0)
		tell(problems, "no machine known is in the scope; those that turn up join", 0, "");
	for (size_t i = 0; p->scope && i < p->plan->wave_count; i++)
		if (p->taken[i] == 0)
			tell(problems, ": the wave takes no machine", 0,
			        plan_wave_name(p->plan, i));
	if (p->returned)
		tell(problems,
		        "machines are back already: they count again when they boot from the "
		        "network",
		        p->returned, "");
	if (p->working)
		tell(problems, "machines are at work: they go on, whatever their wave", p->working,
		        "");
	if (json_object_size(p->listed) > 0)
		tell(problems, "of the machines listed are not known: they join when they turn up",
		        (long long)json_object_size(p->listed), "");
	if (p->plan->until && p->plan->until <= now)
		tell(problems, "until is in the past: no machine would be repaired", 0, "");
}

int campaign_preview(struct store *s, const struct plan *plan, int64_t now, json_t **ret)
{
	struct preview p = {.plan = plan, .listed = plan_listed(plan)};
	json_t *waves, *problems;

	int r = p.listed ? store_candidates(s, false, preview_count, &p) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < plan_wave_count(plan); i++)
		p.quota[i] = plan_quota(plan, i, p.scope);
	if (r == 0)
		r = store_candidates(s, false, preview_place, &p);
	if (r < 0) {
		json_decref(p.listed);
		return r;
	}
	waves = json_array();
	problems = json_array();
	preview_problems(&p, now, problems);
	json_decref(p.listed);
	for (size_t i = 0; i < plan_wave_count(plan); i++)
		(void)json_array_append_new(
		        waves, json_pack("{s:s, s:I}", "name", plan_wave_name(plan, i), "machines",
		                       (json_int_t)p.taken[i]));
	json_t *json = json_pack("{s:i, s:o, s:I, s:o}", "v", 1, "waves", waves, "elsewhere",
	        (json_int_t)p.elsewhere, "problems", problems);
	if (!json)
		return -ENOMEM;
	*ret = json;
	return 0;
}
