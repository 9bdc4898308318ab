/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Campaigns as the page and the command line show them. */
#include "appliance/fleet/campaign/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *power_json(const struct wave_power *p)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "bmc", (json_int_t)p->bmc,
	        "people", (json_int_t)p->people, "waiting", (json_int_t)p->waiting, "driving",
	        (json_int_t)p->driving, "booting", (json_int_t)p->booting, "done",
	        (json_int_t)p->done, "failed", (json_int_t)p->failed, "untouched",
	        (json_int_t)p->untouched);
}

static json_t *wave_json(const struct wave_now *w, bool shut)
{
	return json_pack("{s:i, s:s, s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:i, s:o}", "number",
	        w->row.number, "name", w->row.name, "opened", (json_int_t)w->row.opened, "open",
	        w->row.opened && !shut, "done", w->row.done, "machines", (json_int_t)w->machines,
	        "waiting", (json_int_t)w->waiting, "working", (json_int_t)w->working, "returned",
	        (json_int_t)w->returned, "failed", (json_int_t)w->failed, "rank", w->row.rank,
	        "power", power_json(&w->power));
}

static json_t *campaign_json(
        const struct store_campaign *c, const struct plan *p, const struct campaign_look *look)
{
	bool shut = campaign_shut(c->state, c->window_from, c->window_until, look->now);
	json_t *waves = json_array();
	char line[CAMPAIGN_LINE] = "";

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
