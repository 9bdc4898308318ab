/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend power orders` and `stop`. */
#include "appliance/cli/machines.h"
#include "appliance/cli/power.h"
#include "appliance/cli/power_act.h"
#include "appliance/cli/power_pick.h"
#include "appliance/cli/table.h"
#include "appliance/fleet/power_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_DEFAULT 200
#define LAST_MAX     10000

const char *cli_power_state_words(const struct store_power *p)
{
	static const char *const words[POWER_STATES] = {
	        [POWER_STATE_WAITING] = "waits for its turn",
	        [POWER_STATE_DRIVING] = "under way",
	        [POWER_STATE_BOOTING] = "switched on, has to ask for its boot",
	        [POWER_STATE_DONE] = "done",
	        [POWER_STATE_FAILED] = "FAILED",
	        [POWER_STATE_STOPPED] = "stopped",
	};

	return p->state == POWER_STATE_WAITING && p->tries > 0 ? "waits for another try"
	                                                       : words[p->state];
}

int cli_power_order_name_of(struct store *s, const struct store_power *p, char ret[NM_MAX_NAME + 1])
{
	struct machine m;
	int r = store_machine_get(s, p->machine, &m);

	if (r == 0)
		fleet_machine_name(&m, ret);
	else if (r == -ENOENT)
		(void)snprintf(ret, NM_MAX_NAME + 1, "%" PRId64, p->machine);
	return r == -ENOENT ? 0 : r;
}

/* ---- orders ---- */

struct listed {
	bool open_only;
	struct store_power *all;
	size_t count, room;
};

static int keep(const struct store_power *p, void *context)
{
	struct listed *l = context;

	if (l->open_only && !power_is_open(p->state))
		return 0;
	l->all[l->count] = *p;
	l->all[l->count++].steps = NULL; /* which lists do not have */
	return l->count == l->room;
}

static void add_row(struct table *t, const struct store_power *p, const char *name)
{
	static const enum table_style styles[POWER_STATES] = {
	        [POWER_STATE_WAITING] = TABLE_WAIT,
	        [POWER_STATE_DRIVING] = TABLE_WAIT,
	        [POWER_STATE_BOOTING] = TABLE_WAIT,
	        [POWER_STATE_DONE] = TABLE_GOOD,
	        [POWER_STATE_FAILED] = TABLE_FAIL,
	        [POWER_STATE_STOPPED] = TABLE_WARN,
	};
	char age[CLI_TIME_TEXT];

	cli_age_text(p->created, age);
	table_cell(t, TABLE_PLAIN, "%s", name);
	table_cell(t, TABLE_PLAIN, "%s", power_what_name(p->what));
	table_cell(t, styles[p->state], "%s", cli_power_state_words(p));
	table_cell(t, TABLE_PLAIN, "%s", age);
	table_cell(t, TABLE_PLAIN, "%d", p->tries);
	table_cell(t, TABLE_PLAIN, "%s%s%s", p->type, p->type[0] ? " " : "", p->address);
	table_cell(t, TABLE_PLAIN, "%s", p->by);
	table_cell(t, TABLE_PLAIN, "%s%s%s",
	        p->state == POWER_STATE_FAILED ? reason_title(p->reason) : "",
	        p->state == POWER_STATE_FAILED && p->text[0] ? ": " : "", p->text);
}

static int print_orders(struct store *store, const struct listed *l, bool json)
{
	static const struct table_column columns[] = {{"machine", false, true},
	        {"order", false, true}, {"state", false, false}, {"ordered", true, false},
	        {"tries", true, false}, {"controller", false, false}, {"by", false, false},
	        {"what", false, false}};
	struct table *t CLEANUP_TABLE = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	json_t *list = json_array();
	char name[NM_MAX_NAME + 1] = "";
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < l->count; i++) {
		r = cli_power_order_name_of(store, &l->all[i], name);
		if (r == 0 && json)
			r = json_array_append_new(list, power_object(&l->all[i], name)) < 0
			            ? -ENOMEM
			            : 0;
		else if (r == 0)
			add_row(t, &l->all[i], name);
	}
	if (r == 0 && json)
		return cli_print_json(json_pack("{s:i, s:o}", "v", 1, "orders", list));
	json_decref(list);
	return r < 0 ? machines_store_failed(r, "cannot read the orders")
	             : cli_print_table(t,
	                       l->open_only ? "no order is open" : "nothing has been ordered yet");
}

static int list_orders(const struct cli_call *call, struct store *store, void *context)
{
	struct listed *l = context;
	int r = store_powers(store, 0, 0, l->open_only ? INT32_MAX : l->room, keep, l);

	return r < 0 ? machines_store_failed(r, "cannot read the orders")
	             : print_orders(store, l, call->options.json);
}

int cli_power_orders(const struct cli_call *call)
{
	struct listed l = {.open_only = cli_value(call, "--open")};
	long last;

	int status = cli_power_number(call, "--last", LAST_DEFAULT, 1, LAST_MAX, &last);
	if (status != CLI_OK)
		return status;
	l.room = (size_t)last;
	l.all = calloc(l.room, sizeof(*l.all));
	status = l.all ? cli_with_store(call, list_orders, &l)
	               : machines_store_failed(-ENOMEM, "orders");
	free(l.all);
	return status;
}

/* ---- stop ---- */

static int count_each(const struct store_power *p, void *context)
{
	(void)p;
	(*(size_t *)context)++;
	return 0;
}

static int stop(const struct cli_call *call, struct store *store, void *context)
{
	const char *why = cli_value(call, "--why");
	bool all = cli_value(call, "--all");
	struct machine_list list = {0};
	size_t stopped = 0, driving = 0;
	int64_t *ids = NULL;

	int status = all ? CLI_OK : cli_power_pick(call, store, context, &list);
	if (status == CLI_OK && !all && !(ids = calloc(list.count + 1, sizeof(*ids))))
		status = machines_store_failed(-ENOMEM, "machines");
	for (size_t i = 0; ids && i < list.count; i++)
		ids[i] = list.all[i].id;
	int r = status == CLI_OK ? fleet_power_stop(store, &call->actor, ids, list.count,
	                                   why ? why : "", &stopped)
	                         : 0;
	if (r == 0 && status == CLI_OK)
		r = store_powers_in(store, POWER_STATE_DRIVING, 0, INT32_MAX, count_each, &driving);
	free(ids);
	free(list.all);
	if (r < 0)
		return machines_store_failed(r, "the orders cannot be stopped");
	if (status == CLI_OK)
		printf("%zu order%s stopped\n", stopped, stopped == 1 ? " is" : "s are");
	if (status == CLI_OK && driving > 0)
		printf("%zu in all are under way and go on to their end\n", driving);
	return status;
}

int cli_power_stop(const struct cli_call *call)
{
	struct machine_filter filter;
	bool all = cli_value(call, "--all");

	int status = cli_power_filter(call, &filter);
	bool some = status == CLI_OK && (call->count > 0 || !filter_is_empty(&filter));
	if (status == CLI_OK && all == some)
		status = cli_usage("power stop MACHINE..., or --site, --in-state, ..., or --all");
	if (status == CLI_OK)
		status = cli_with_store(call, stop, &filter);
	filter_free(&filter);
	return status;
}
