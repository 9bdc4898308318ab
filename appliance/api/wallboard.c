/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts and names, nothing else: this may be shown to everybody who passes by. */
#include "appliance/api/call.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/group.h"
#include "appliance/fleet/progress.h"
#include "appliance/store/attention.h"
#include "appliance/store/campaigns.h"
#include "appliance/store/counts.h"
#include "fixer/base/cleanup.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ATTENTION_MAX 100

struct counts {
	json_t *state, *severity, *group;
};

static int count_add(json_t *object, const char *name, int64_t machines)
{
	json_int_t before = json_integer_value(json_object_get(object, name));

	return json_object_set_new(object, name, json_integer(before + machines));
}

static int count_append(const struct store_count *count, void *context)
{
	struct counts *c = context;
	enum machine_group group = machine_group(count->state, count->reason);
	int r = count_add(c->state, machine_state_name(count->state), count->machines);

	if (r == 0)
		r = count_add(c->severity, reason_severity(count->reason), count->machines);
	return r < 0 ? r : count_add(c->group, machine_group_name(group), count->machines);
}

/* A machine without a name is its number: serial and MAC are nobody's business here. */
static int attention_append(const char *name, int64_t machine, enum reason reason, void *context)
{
	char number[32];

	(void)snprintf(number, sizeof(number), "machine %lld", (long long)machine);
	return json_array_append_new(
	        context, json_pack("{s:s, s:s}", "name", name[0] ? name : number, "title",
	                         reason_title(reason)));
}

/* Of a campaign's object what anybody may see. */
static json_t *campaign_outline(const json_t *campaign)
{
	static const char *const shown[] = {"name", "machines", "returned", "failed", "open"};
	json_t *waves = json_array();
	const json_t *wave;
	size_t i;

	json_array_foreach(json_object_get(campaign, "waves"), i, wave)
	{
		json_t *outline = json_object();
		for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
			(void)json_object_set(outline, shown[k], json_object_get(wave, shown[k]));
		(void)json_array_append_new(waves, outline);
	}
	return json_pack("{s:O, s:O, s:o}", "name", json_object_get(campaign, "name"), "state",
	        json_object_get(campaign, "state"), "waves", waves);
}

/* Those under way. */
static int campaigns_append(struct web_api *a, json_t *list)
{
	int64_t *ids CLEANUP_FREE = NULL;
	size_t count = 0;
	json_t *campaign;
	int r = store_campaign_ids(a->fleet->store, true, &ids, &count);

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = campaign_show(a->fleet->store, ids[i], a->fleet->clock(), &campaign);
		if (r == 0) {
			r = json_array_append_new(list, campaign_outline(campaign));
			json_decref(campaign);
		} else if (r == -ENOENT) { /* deleted meanwhile */
			r = 0;
		}
	}
	return r;
}

/* Machines that nobody awaits are no part of a site. */
static int site_append(const char *site, const struct store_count *count, void *context)
{
	enum machine_group group = machine_group(count->state, count->reason);
	json_t *sites = context, *last = json_array_get(sites, json_array_size(sites) - 1);
	int r = 0;

	if (group == GROUP_ignored)
		return 0;
	if (!last || strcmp(json_string_value(json_object_get(last, "name")), site) != 0) {
		last = json_pack("{s:s, s:i, s:i, s:i}", "name", site, "machines", 0, "returned", 0,
		        "action", 0);
		r = json_array_append_new(sites, last);
	}
	if (r == 0)
		r = count_add(last, "machines", count->machines);
	if (r == 0 && group == GROUP_back)
		r = count_add(last, "returned", count->machines);
	if (r == 0 && group == GROUP_action)
		r = count_add(last, "action", count->machines);
	return r;
}

static int wallboard_fill(struct web_api *a, struct counts *counts, json_t *attention,
        json_t *campaigns, json_t *sites)
{
	struct store *s = a->fleet->store;
	int r = store_counts(s, count_append, counts);

	if (r == 0)
		r = store_attention(s, ATTENTION_MAX, attention_append, attention);
	if (r == 0)
		r = campaigns_append(a, campaigns);
	return r < 0 ? r : store_site_counts(s, site_append, sites);
}

static int wallboard_make(struct web_api *a, json_t **ret)
{
	struct counts counts = {json_object(), json_object(), json_object()};
	json_t *attention = json_array(), *campaigns = json_array(), *sites = json_array();
	int64_t now = a->fleet->clock();
	struct progress progress = {0};

	int r = wallboard_fill(a, &counts, attention, campaigns, sites);
	if (r == 0)
		r = progress_read(a->fleet->store, now, &progress);
	json_t *answer = json_pack("{s:i, s:I, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:o}", "v",
	        NETMEND_WIRE_VERSION, "now", (json_int_t)now, "counts", "state", counts.state,
	        "severity", counts.severity, "group", counts.group, "campaigns", campaigns,
	        "attention", attention, "sites", sites, "progress",
	        progress_figures_json(&progress));
	if (r < 0)
		json_decref(answer);
	else
		*ret = answer;
	return r;
}

void web_api_wallboard(struct http_request *r, struct web_api *a)
{
	kept_reply(r, a, &a->board, "wallboard", wallboard_make);
}
