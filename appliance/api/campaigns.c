/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/campaigns.h"
#include "appliance/api/call.h"
#include "appliance/api/export.h"
#include "appliance/fleet/campaign/campaign.h"
#include "fixer/base/cleanup.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers ---- */

static void refuse(struct http_request *r, int e, const struct error *err)
{
	if (e == -ENOENT)
		http_reply_error(r, 404, REASON_NOT_FOUND, "no campaign of this number");
	else if (e == -EEXIST)
		http_reply_error(r, 409, REASON_NAME_TAKEN, "another campaign has this name");
	else if (e == -EPERM)
		http_reply_error(r, 409, REASON_NOT_NOW, "%s",
		        err->code ? err->text : "only a draft can be changed or deleted");
	else if (err->code)
		http_reply_error(r, e == -EBADMSG ? 409 : 400, err->reason, "%s", err->text);
	else
		call_failed(r, "campaign", e);
}

static void reply_campaign(struct http_request *r, struct web_api *a, int64_t id)
{
	struct error err = {0};
	json_t *campaign;

	int e = campaign_show(a->fleet->store, id, a->fleet->clock(), &campaign);
	if (e < 0)
		refuse(r, e, &err);
	else
		http_reply_json(r, 200,
		        json_pack("{s:i, s:o}", "v", NETMEND_WIRE_VERSION, "campaign", campaign));
}

/* Every machine of it may be another one now. */
static void campaigns_changed(struct web_api *a)
{
	a->fleet->answers_stale = true;
	a->fleet->changed(a->fleet->context);
}

/* The number in the path; 0 and a 404 when it is none. */
static int64_t number_of(struct http_request *r)
{
	char *end;
	long long id = strtoll(r->capture[0], &end, 10);

	if (end != r->capture[0] && !*end && id > 0)
		return id;
	http_reply_error(r, 404, REASON_NOT_FOUND, "no campaign of this number");
	return 0;
}

/* ---- looking ---- */

/* Every campaign; NULL when the request has its refusal. */
static json_t *campaigns_all(struct http_request *r, struct web_api *a)
{
	int64_t *ids CLEANUP_FREE = NULL;
	size_t count = 0;
	json_t *list = json_array(), *campaign;

	int e = store_campaign_ids(a->fleet->store, false, &ids, &count);
	for (size_t i = 0; e == 0 && i < count; i++) {
		e = campaign_show(a->fleet->store, ids[i], a->fleet->clock(), &campaign);
		if (e == 0)
			e = json_array_append_new(list, campaign) < 0 ? -ENOMEM : 0;
		else if (e == -ENOENT) /* deleted meanwhile */
			e = 0;
	}
	if (e == 0)
		return list;
	json_decref(list);
	call_failed(r, "campaigns", e);
	return NULL;
}

void web_api_campaigns(struct http_request *r, struct web_api *a)
{
	json_t *list = campaigns_all(r, a);

	if (list)
		http_reply_json(r, 200,
		        json_pack("{s:i, s:o}", "v", NETMEND_WIRE_VERSION, "campaigns", list));
}

/* One line a campaign: of its waves the sums. */
void web_api_campaigns_csv(struct http_request *r, struct web_api *a)
{
	static const struct export_column columns[] = {{"id", EXPORT_PLAIN}, {"name", EXPORT_PLAIN},
	        {"state", EXPORT_PLAIN}, {"reason", EXPORT_PLAIN}, {"text", EXPORT_PLAIN},
	        {"line", EXPORT_PLAIN}, {"created", EXPORT_TIME}, {"created_by", EXPORT_PLAIN},
	        {"started", EXPORT_TIME}, {"ended", EXPORT_TIME}, {"machines", EXPORT_PLAIN},
	        {"waiting", EXPORT_PLAIN}, {"working", EXPORT_PLAIN}, {"returned", EXPORT_PLAIN},
	        {"failed", EXPORT_PLAIN}};
	static const char *const sums[] = {"machines", "waiting", "working", "returned", "failed"};
	json_t *list = campaigns_all(r, a), *campaign;
	const json_t *wave;
	size_t i, w;

	if (!list)
		return;
	json_array_foreach(list, i, campaign)
	{
		for (size_t k = 0; k < sizeof(sums) / sizeof(sums[0]); k++) {
			json_int_t sum = 0;
			json_array_foreach(json_object_get(campaign, "waves"), w, wave)
			{
				sum += json_integer_value(json_object_get(wave, sums[k]));
			}
			(void)json_object_set_new(campaign, sums[k], json_integer(sum));
		}
	}
	export_reply(r, list, columns, sizeof(columns) / sizeof(columns[0]));
}

void web_api_campaign(struct http_request *r, struct web_api *a)
{
	int64_t id = number_of(r);

	if (id)
		reply_campaign(r, a, id);
}

/* ---- plans ---- */

/* The object of a body. Not through input_parse(), which takes line ends out of texts: a recipe has
 * them. */
static json_t *body_object(struct http_request *r)
{
	json_error_t where;
	json_t *body = NULL;

	if (!r->too_large)
		body = json_loadb(r->body, r->body_len, JSON_REJECT_DUPLICATES, &where);
	if (body && json_is_object(body))
		return body;
	json_decref(body);
	http_reply_error(r, 400, REASON_VALUE_BAD, "body: %s",
	        r->too_large ? "too large"
	        : body       ? "not an object"
	                     : where.text);
	return NULL;
}

static bool version_fits(struct http_request *r, json_int_t v)
{
	if (v == NETMEND_WIRE_VERSION)
		return true;
	http_reply_error(r, 400, REASON_VALUE_BAD, "v: not %d", NETMEND_WIRE_VERSION);
	return false;
}

/* True: *ret has the plan of the body, to be cleared. */
static bool plan_of(struct http_request *r, struct plan *ret)
{
	struct error err = {0};
	json_error_t where;
	json_t *body = body_object(r), *plan;
	json_int_t v;
	bool good = false;

	if (!body)
		return false;
	if (json_unpack_ex(body, &where, JSON_STRICT, "{s:I, s:o}", "v", &v, "plan", &plan) < 0)
		http_reply_error(r, 400, REASON_VALUE_BAD, "body: %s", where.text);
	else if (version_fits(r, v)) {
		int e = plan_read(plan, true, ret, &err);
		good = e == 0;
		if (!good)
			refuse(r, e, &err);
	}
	json_decref(body);
	return good;
}

void web_api_campaign_create(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct error err = {0};
	struct plan plan;
	int64_t id;

	if (!plan_of(r, &plan))
		return;
	int e = campaign_create(a->fleet->store, &plan, &who->actor, a->fleet->clock(), &id);
	plan_clear(&plan);
	if (e < 0)
		refuse(r, e, &err);
	else
		http_reply_json(r, 200,
		        json_pack("{s:i, s:I}", "v", NETMEND_WIRE_VERSION, "id", (json_int_t)id));
}

void web_api_campaign_preview(struct http_request *r, struct web_api *a)
{
	struct plan plan;
	json_t *answer;

	if (!plan_of(r, &plan))
		return;
	int e = campaign_preview(a->fleet->store, &plan, a->fleet->clock(), &answer);
	plan_clear(&plan);
	if (e < 0)
		call_failed(r, "preview", e);
	else
		http_reply_json(r, 200, answer);
}

void web_api_campaign_change(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct error err = {0};
	struct plan plan;
	int64_t id = number_of(r);

	if (!id || !plan_of(r, &plan))
		return;
	int e = campaign_replan(a->fleet->store, id, &plan, &who->actor, a->fleet->clock());
	plan_clear(&plan);
	if (e < 0)
		refuse(r, e, &err);
	else
		reply_campaign(r, a, id);
}

/* ---- the line ---- */

static bool order_of(struct http_request *r, json_t *body, struct campaign_order *ret)
{
	const char *name, *text;
	json_error_t where;
	json_int_t v, wave;

	if (json_unpack_ex(body, &where, JSON_STRICT, "{s:I, s:s, s:I, s:s}", "v", &v, "verb",
	            &name, "wave", &wave, "text", &text) < 0) {
		http_reply_error(r, 400, REASON_VALUE_BAD, "body: %s", where.text);
		return false;
	}
	if (!version_fits(r, v))
		return false;
	int verb = campaign_verb_parse(name);
	if (verb < 0 || wave < 0 || wave > WAVES_MAX || strlen(text) > NM_MAX_EVENT_TEXT) {
		http_reply_error(r, 400, REASON_VALUE_BAD, "%s",
		        verb < 0 ? "verb: start, pause, resume, open, finish, abort or retry"
		                 : "wave or text: out of range");
		return false;
	}
	*ret = (struct campaign_order){
	        .verb = (enum campaign_verb)verb, .wave = (int)wave, .text = text};
	return true;
}

void web_api_campaign_act(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct error err = {0};
	struct campaign_order order;
	int64_t id = number_of(r), count;
	json_t *body = id ? body_object(r) : NULL;

	if (!body)
		return;
	if (order_of(r, body, &order)) {
		int e = campaign_act(
		        a->fleet->store, id, &order, &who->actor, a->fleet->clock(), &count, &err);
		if (e < 0) {
			refuse(r, e, &err);
		} else {
			campaigns_changed(a);
			reply_campaign(r, a, id);
		}
	}
	json_decref(body);
}

void web_api_campaign_delete(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct error err = {0};
	int64_t id = number_of(r);

	if (!id)
		return;
	int e = campaign_delete(a->fleet->store, id, &who->actor, a->fleet->clock());
	if (e < 0)
		refuse(r, e, &err);
	else
		http_reply_json(r, 200, json_pack("{s:i}", "v", NETMEND_WIRE_VERSION));
}
