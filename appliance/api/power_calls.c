/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page's calls about power. */
#include "appliance/api/call.h"
#include "appliance/api/chosen.h"
#include "appliance/api/export.h"
#include "appliance/api/gate.h"
#include "appliance/api/input.h"
#include "appliance/api/power.h"
#include "appliance/fleet/power_show.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_MAX   2000 /* machines in an answer; all are counted */
#define LIST_MAX   1000
#define STATUS_MS  75000
#define CONSOLE_MS 30000

/* ---- orders ---- */

struct ordering {
	json_t *root; /* the body, which texts below are of */
	struct chosen chosen;
	struct fleet_power order;
	struct fleet_power_many many;
	struct fleet_progress progress;
	json_t *told;
	int64_t refused;
};

static void ordering_free(void *state)
{
	struct ordering *o = state;

	if (!o)
		return;
	json_decref(o->root);
	json_decref(o->told);
	free(o->chosen.all);
	free(o);
}

static void told(int64_t machine, const struct fleet_power_look *look, void *context)
{
	struct ordering *o = context;

	o->refused += look->reason != REASON_OK;
	if (json_array_size(o->told) < TOLD_MAX)
		(void)json_array_append_new(o->told,
		        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)machine,
		                "name", look->name, "bmc", look->bmc, "do", look->deed, "reason",
		                reason_code(look->reason), "text", look->text));
}

static int limits_check(const struct fleet_power *o, struct error *err)
{
	int r = input_range(o->at_once, 0, NM_POWER_AT_ONCE, "at_once", err);

	if (r == 0)
		r = input_range(o->per_rack, 0, NM_POWER_AT_ONCE, "per_rack", err);
	return r < 0 ? r : input_range(o->per_feed, 0, NM_POWER_AT_ONCE, "per_feed", err);
}

/* Its own image, where the order names none. */
static int image_read(const struct web_api *a, struct fleet_power *o, struct error *err)
{
	if (o->what != POWER_WHAT_MEDIA)
		return o->image[0] ? input_bad(err, "image: of media alone") : 0;
	if (o->image[0])
		return power_image_fits(o->image)
		               ? 0
		               : input_bad(err,
		                         "image: http://... or https://..., at most %d characters",
		                         POWER_IMAGE_TEXT - 1);
	o->image = a->medium_url;
	return medium_check(a->medium, err);
}

static int order_read(struct ordering *o, struct web_api *a, struct error *err)
{
	struct fleet_power order = {.image = "",
	        .at_once = FLEET_POWER_AT_ONCE,
	        .per_rack = FLEET_POWER_PER_RACK,
	        .scope_all = a->fleet->scope_all};
	json_t *machines = NULL, *filter = NULL;
	const char *what;
	int v, force, dry_run;

	int r = input_unpack(o->root, err, "body",
	        "{s:i, s:s, s?o, s?o, s:b, s:b, s:s, s?s, s?i, s?i, s?i}", "v", &v, "order", &what,
	        "machines", &machines, "filter", &filter, "force", &force, "dry_run", &dry_run,
	        "why", &order.why, "image", &order.image, "at_once", &order.at_once, "per_rack",
	        &order.per_rack, "per_feed", &order.per_feed);
	if (r == 0)
		r = input_version(v, err);
	int known = r < 0 ? -1 : power_what_parse(what);
	if (r == 0 && known < 0)
		r = input_bad(err, "order: boot, media, eject, on, off or cycle");
	order.what = (enum power_what)known;
	order.force = force;
	if (r == 0)
		r = input_length(order.why, POWER_WHY_TEXT - 1, "why", err);
	if (r == 0)
		r = image_read(a, &order, err);
	if (r == 0)
		r = limits_check(&order, err);
	if (r == 0)
		r = chosen_read(a->fleet->store, machines, filter, &o->chosen, err);
	o->order = order;
	o->many = (struct fleet_power_many){.order = &o->order,
	        .machines = o->chosen.all,
	        .count = o->chosen.count,
	        .chosen = o->chosen.text,
	        .dry_run = dry_run,
	        .told = told,
	        .context = o};
	return r;
}

static void refuse(struct http_request *r, struct error *err, int e)
{
	if (err->code) {
		err->reason = REASON_VALUE_BAD;
		call_refuse(r, err);
	} else {
		call_failed(r, "power", e);
	}
}

static bool order_begin(struct http_request *r, struct web_api *a)
{
	if (call_dropped(r))
		return false;
	struct ordering *o = calloc(1, sizeof(*o));
	struct error err = {0};
	int e = o ? input_parse(r->body, r->body_len, &o->root, &err) : -ENOMEM;

	if (e == 0) {
		o->told = json_array();
		e = order_read(o, a, &err);
	}
	if (e == 0) {
		r->state = o;
		r->state_free = ordering_free;
		return true;
	}
	ordering_free(o);
	refuse(r, &err, e);
	return false;
}

/* Called for each slice. Who goes away in the middle ends it there. */
void web_api_power(struct http_request *r, struct web_api *a, const struct caller *who)
{
	if (!r->state && !order_begin(r, a))
		return;
	struct ordering *o = r->state;
	int e = fleet_power_slice(a->fleet->store, &who->actor, &o->many, &o->progress);
	if (!o->many.dry_run)
		call_machines_changed(a);
	if (e == 1)
		call_go_on(r);
	else if (e < 0)
		http_reply_error(r, 503, REASON_STORE_UNREACHABLE,
		        "%s, after %zu of %zu machines: %zu have their order", strerror(-e),
		        o->progress.next, o->many.count, o->progress.done);
	else
		http_reply_json(r, 200,
		        json_pack("{s:i, s:I, s:I, s:O}", "v", NETMEND_WIRE_VERSION, "count",
		                (json_int_t)o->progress.done, "refused", (json_int_t)o->refused,
		                "machines", o->told));
}

void web_api_power_stop(struct http_request *r, struct web_api *a, const struct caller *who)
{
	json_t *machines = NULL, *filter = NULL, *root = NULL;
	struct chosen chosen = {0};
	struct error err = {0};
	const char *why;
	size_t stopped = 0;
	int v;

	int e = input_parse(r->body, r->body_len, &root, &err);
	if (e == 0)
		e = input_unpack(root, &err, "body", "{s:i, s?o, s?o, s:s}", "v", &v, "machines",
		        &machines, "filter", &filter, "why", &why);
	if (e == 0)
		e = input_version(v, &err);
	if (e == 0)
		e = input_length(why, POWER_WHY_TEXT - 1, "why", &err);
	if (e == 0)
		e = chosen_read(a->fleet->store, machines, filter, &chosen, &err);
	static const int64_t nobody[1];
	if (e == 0)
		e = fleet_power_stop(a->fleet->store, &who->actor,
		        chosen.count ? chosen.all : nobody, chosen.count, why, &stopped);
	json_decref(root);
	free(chosen.all);
	if (e < 0) {
		refuse(r, &err, e);
		return;
	}
	call_machines_changed(a);
	http_reply_json(r, 200,
	        json_pack("{s:i, s:I}", "v", NETMEND_WIRE_VERSION, "stopped", (json_int_t)stopped));
}

/* ---- looking ---- */

struct listing {
	json_t *list;
	struct store *store;
};

static int list_each(const struct store_power *p, void *context)
{
	struct listing *l = context;

	return json_array_append_new(l->list, power_object(p, "")) < 0 ? -ENOMEM : 0;
}

/* Names beside the orders, when the walk over them is over. */
static int names_add(struct store *s, json_t *list)
{
	json_t *one;
	size_t i;
	int r = 0;

	json_array_foreach(list, i, one)
	{
		struct machine m;
		char name[NM_MAX_NAME + 1] = "";
		r = store_machine_get(s, json_integer_value(json_object_get(one, "machine")), &m);
		if (r < 0 && r != -ENOENT)
			return r;
		if (r == 0)
			fleet_machine_name(&m, name);
		(void)json_object_set_new(one, "name", json_string(name));
	}
	return 0;
}

/* The newest orders; NULL: the request has its refusal. */
static json_t *orders_of(struct http_request *r, struct web_api *a)
{
	const char *text = http_argument(r, "campaign");
	struct listing l = {.list = json_array(), .store = a->fleet->store};
	char *end = NULL;
	int64_t campaign = text ? strtoll(text, &end, 10) : 0;

	if (text && (end == text || *end || campaign < 0)) {
		json_decref(l.list);
		call_bad_value(r, "campaign", "not a number");
		return NULL;
	}
	int e = store_powers(a->fleet->store, campaign, 0, LIST_MAX, list_each, &l);
	if (e == 0)
		e = names_add(a->fleet->store, l.list);
	if (e == 0)
		return l.list;
	json_decref(l.list);
	call_failed(r, "power", e);
	return NULL;
}

void web_api_power_list(struct http_request *r, struct web_api *a)
{
	int64_t counts[POWER_STATES], bmcs = 0;
	json_t *list = orders_of(r, a);

	if (!list)
		return;
	int e = store_power_counts(a->fleet->store, 0, counts);
	if (e == 0)
		e = store_bmc_count(a->fleet->store, &bmcs);
	if (e < 0) {
		json_decref(list);
		call_failed(r, "power", e);
		return;
	}
	json_t *totals = json_object();
	for (int i = 0; i < POWER_STATES; i++)
		(void)json_object_set_new(totals, power_progress_name((enum power_progress)i),
		        json_integer(counts[i]));
	http_reply_json(r, 200,
	        json_pack("{s:i, s:I, s:b, s:o, s:o}", "v", NETMEND_WIRE_VERSION, "bmcs",
	                (json_int_t)bmcs, "driven", escrow_client_figures(a->escrow).driven,
	                "counts", totals, "orders", list));
}

void web_api_power_csv(struct http_request *r, struct web_api *a)
{
	static const struct export_column columns[] = {{"id", EXPORT_PLAIN},
	        {"machine", EXPORT_PLAIN}, {"name", EXPORT_PLAIN}, {"order", EXPORT_PLAIN},
	        {"state", EXPORT_PLAIN}, {"reason", EXPORT_PLAIN}, {"text", EXPORT_PLAIN},
	        {"bmc", EXPORT_PLAIN}, {"tries", EXPORT_PLAIN}, {"by", EXPORT_PLAIN},
	        {"why", EXPORT_PLAIN}, {"created", EXPORT_TIME}, {"begun", EXPORT_TIME},
	        {"driven", EXPORT_TIME}, {"ended", EXPORT_TIME}};
	json_t *list = orders_of(r, a);

	if (list)
		export_reply(r, list, columns, sizeof(columns) / sizeof(columns[0]));
}

/* ---- asking a controller, while somebody waits ---- */

static void look_answer(struct http_request *r, struct web_api *a)
{
	const int64_t *ticket = r->state;
	json_t *answer = NULL;
	int e = web_power_look_take(a->power, *ticket, &answer);

	if (e == 1)
		http_reply_json(r, 200, answer);
	else if (e == 0)
		http_suspend(r, WAKE_POWER | (uint64_t)*ticket, http_clock() + 1000);
	else
		http_reply_error(r, 503, REASON_ESCROW_UNREACHABLE,
		        "the escrow service gave no answer in time: try again");
}

static void look(struct http_request *r, struct web_api *a, const struct caller *who,
        const char *order, int64_t patience)
{
	struct machine m;
	char *end;

	if (r->state) {
		look_answer(r, a);
		return;
	}
	long long id = strtoll(r->capture[0], &end, 10);
	int e = *end || id <= 0 ? -ENOENT : store_machine_get(a->fleet->store, id, &m);
	if (e < 0) {
		call_undone(r, "machine", e);
		return;
	}
	int64_t *ticket = malloc(sizeof(*ticket)), until = http_clock() + patience;
	e = ticket ? web_power_look(a->power, &m, order, who->actor.name, until, ticket) : -ENOMEM;
	if (e == 0) {
		r->state = ticket;
		http_suspend(r, WAKE_POWER | (uint64_t)*ticket, until);
		return;
	}
	free(ticket);
	if (e == -EBUSY)
		http_reply_error(r, 429, REASON_TRY_LATER,
		        "this machine's controller, or too many, are being asked already");
	else
		http_reply_error(r, 503, REASON_ESCROW_UNREACHABLE,
		        "the escrow service does not answer: nothing was asked");
}

void web_api_power_status(struct http_request *r, struct web_api *a, const struct caller *who)
{
	look(r, a, who, "status", STATUS_MS);
}

void web_api_console(struct http_request *r, struct web_api *a, const struct caller *who)
{
	look(r, a, who, "console", CONSOLE_MS);
}

void web_api_power_looked(void *context, int64_t ticket)
{
	struct web_api *a = context;

	http_wake(a->https, WAKE_POWER | (uint64_t)ticket);
}
