/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What would come of a plan: which wave would take how many, and how many start at once. */
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/change.h"

#include <errno.h>
#include <stdio.h>

/* Of the machines of a wave that have a management controller. */
struct outlook {
	int64_t bmc;
	json_t *racks, *feeds; /* how many in each; NULL: none yet */
};

/* One more in this rack, or on this feed. */
static int group_count(json_t **groups, const char *name)
{
	if (!*groups)
		*groups = json_object();
	json_int_t count = json_integer_value(json_object_get(*groups, name));

	return json_object_set_new(*groups, name, json_integer(count + 1)) < 0 ? -ENOMEM : 0;
}

static int outlook_add(struct outlook *o, const struct store_candidate *c)
{
	o->bmc++;
	int r = group_count(&o->racks, c->rack);
	return r < 0 ? r : group_count(&o->feeds, c->feed);
}

/* How many of all may start while each group has so many at most. Those of no group are limited by
 * none. */
static int64_t groups_allow(json_t *groups, int limit)
{
	const char *name;
	json_t *count;
	int64_t sum = 0;

	json_object_foreach(groups, name, count)
	{
		json_int_t machines = json_integer_value(count);
		sum += limit && name[0] && machines > limit ? limit : machines;
	}
	return sum;
}

/* 0: nothing is driven. */
static int64_t outlook_at_once(const struct outlook *o, const struct plan_power *power)
{
	int64_t racks = groups_allow(o->racks, power->per_rack);
	int64_t feeds = groups_allow(o->feeds, power->per_feed);
	int64_t least = racks < feeds ? racks : feeds;

	if (!power->drive)
		return 0;
	return least < power->at_once ? least : power->at_once;
}

struct preview {
	const struct plan *plan;
	json_t *listed; /* of its machines, those that nobody knows */
	int64_t scope, elsewhere, returned, working;
	int quota[WAVES_MAX];
	int64_t taken[WAVES_MAX];
	struct outlook outlooks[WAVES_MAX];
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

	if (c->live || !plan_in_scope(p->plan, c))
		return 0;
	size_t wave = plan_wave_of(p->plan, c, p->quota, p->taken);
	p->taken[wave]++;
	return c->bmc ? outlook_add(&p->outlooks[wave], c) : 0;
}

static void tell(json_t *problems, const char *format, long long number, const char *name)
{
	char text[200], count[24];

	(void)snprintf(count, sizeof(count), "%lld ", number);
	(void)snprintf(text, sizeof(text), "%s%s%s", number ? count : "", name, format);
	(void)json_array_append_new(problems, json_string(text));
}

static void power_problems(const struct preview *p, json_t *problems)
{
	int64_t with = 0, without;

	for (size_t i = 0; i < plan_wave_count(p->plan); i++)
		with += p->outlooks[i].bmc;
	without = p->scope - with;
	/* Who has one may be at work without our knowing. */
	if (with > 0)
		tell(problems,
		        "machines are switched off and on as their turn comes, but those that "
		        "answer as alive: let the scope hold only machines that are down",
		        with, "");
	if (without > 0)
		tell(problems,
		        "machines have no management controller that is known: people start them",
		        without, "");
	if (p->returned)
		tell(problems,
		        "of them count as back: those whose Windows does not show itself any more "
		        "are switched off and on",
		        p->returned, "");
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
	if (p->plan->power.drive)
		power_problems(p, problems);
	if (p->plan->until && p->plan->until <= now)
		tell(problems, "until is in the past: no machine would be repaired", 0, "");
}

static json_t *waves_json(const struct preview *p)
{
	json_t *waves = json_array();

	for (size_t i = 0; i < plan_wave_count(p->plan); i++)
		(void)json_array_append_new(waves,
		        json_pack("{s:s, s:I, s:I, s:I}", "name", plan_wave_name(p->plan, i),
		                "machines", (json_int_t)p->taken[i], "bmc",
		                (json_int_t)p->outlooks[i].bmc, "at_once",
		                (json_int_t)outlook_at_once(&p->outlooks[i], &p->plan->power)));
	return waves;
}

static void preview_clear(struct preview *p)
{
	json_decref(p->listed);
	for (size_t i = 0; i < WAVES_MAX; i++) {
		json_decref(p->outlooks[i].racks);
		json_decref(p->outlooks[i].feeds);
	}
}

int campaign_preview(struct store *s, const struct plan *plan, int64_t now, json_t **ret)
{
	struct preview p = {.plan = plan, .listed = plan_listed(plan)};
	json_t *json = NULL;

	int r = p.listed ? store_candidates(s, false, preview_count, &p) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < plan_wave_count(plan); i++)
		p.quota[i] = plan_quota(plan, i, p.scope);
	if (r == 0)
		r = store_candidates(s, false, preview_place, &p);
	if (r == 0) {
		json_t *problems = json_array();
		preview_problems(&p, now, problems);
		json = json_pack("{s:i, s:o, s:I, s:o}", "v", 1, "waves", waves_json(&p),
		        "elsewhere", (json_int_t)p.elsewhere, "problems", problems);
		r = json ? 0 : -ENOMEM;
	}
	preview_clear(&p);
	if (r == 0)
		*ret = json;
	return r;
}
