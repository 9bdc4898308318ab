/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend power boot` and its siblings: looks first, says what it would do, asks, orders. */
#include "appliance/cli/power_act.h"
#include "appliance/cli/medium.h"
#include "appliance/cli/power.h"
#include "appliance/cli/power_pick.h"
#include "appliance/supervisor/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE_MAX 10000

struct act {
	const struct cli_call *call;
	const struct machine_filter *filter;
	struct fleet_power order;
	char image[MEDIUM_URL_TEXT];
	bool serving; /* an appliance runs on this host */
};

int cli_power_told_room(struct power_told *t, size_t room)
{
	*t = (struct power_told){.all = calloc(room + 1, sizeof(*t->all)), .room = room};
	return t->all ? CLI_OK : machines_store_failed(-ENOMEM, "machines");
}

void cli_power_tell(int64_t machine, const struct fleet_power_look *look, void *context)
{
	struct power_told *t = context;

	if (t->count == t->room)
		return;
	t->all[t->count].machine = machine;
	t->all[t->count++].look = *look;
	t->good += look->reason == REASON_OK;
}

/* ---- what is meant ---- */

static size_t append(char *text, size_t size, size_t used, const char *a, const char *b)
{
	return used >= size ? used
	                    : used + (size_t)snprintf(text + used, size - used, "%s%s%s",
	                                     used ? " " : "", a, b);
}

/* "site=Bern in-state=attention", or the names, for the record. */
static void describe(const struct cli_call *call, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; i < call->given_count; i++) {
		const struct cli_option *o = call->given[i].option, *f = machines_filter_options;
		char name[32];
		while (f->name && strcmp(f->name, o->name) != 0)
			f++;
		(void)snprintf(name, sizeof(name), "%s%s", o->name + 2, o->value ? "=" : "");
		if (f->name)
			used = append(text, size, used, name, call->given[i].value);
	}
	for (int i = 0; call->count > 1 && i < call->count; i++)
		used = append(text, size, used, call->words[i], "");
}

static int image_of(const struct cli_call *call, const char **ret)
{
	const char *image = cli_value(call, "--image");

	*ret = image ? image : "";
	return !image || power_image_fits(image)
	               ? CLI_OK
	               : cli_usage(
	                         "--image takes http://... or https://..., at most 511 characters "
	                         "without blanks");
}

/* Without --image it is the appliance's own. */
static int own_image(struct act *a, struct config *config, struct error *err)
{
	if (a->order.what != POWER_WHAT_MEDIA || a->order.image[0])
		return 0;
	a->order.image = a->image;
	return cli_medium_ready(config, a->image, err);
}

static int numbers_of(const struct cli_call *call, struct fleet_power *order)
{
	const struct {
		const char *name;
		long otherwise;
		int *to;
	} numbers[] = {{"--at-once", FLEET_POWER_AT_ONCE, &order->at_once},
	        {"--per-rack", FLEET_POWER_PER_RACK, &order->per_rack},
	        {"--per-feed", 0, &order->per_feed}};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		long value;
		int status = cli_power_number(
		        call, numbers[i].name, numbers[i].otherwise, 0, AT_ONCE_MAX, &value);
		if (status != CLI_OK)
			return status;
		*numbers[i].to = (int)value;
	}
	return CLI_OK;
}

static int order_of(const struct cli_call *call, struct fleet_power *ret)
{
	const char *why = cli_value(call, "--why");

	*ret = (struct fleet_power){.what = (enum power_what)power_what_parse(call->verb->name),
	        .force = cli_value(call, "--force"),
	        .why = why ? why : ""};
	int status = image_of(call, &ret->image);
	return status == CLI_OK ? numbers_of(call, ret) : status;
}

/* ---- looking, asking, ordering ---- */

/* Has the store look at, or order, all of them. */
static int order_all(struct store *store, const struct act *a, const int64_t *ids, size_t count,
        bool dry_run, struct power_told *ret)
{
	char chosen[200];
	size_t done = 0;

	int status = cli_power_told_room(ret, count);
	if (status != CLI_OK)
		return status;
	describe(a->call, chosen, sizeof(chosen));
	const struct fleet_power_many many = {.order = &a->order,
	        .machines = ids,
	        .count = count,
	        .chosen = chosen,
	        .dry_run = dry_run,
	        .told = cli_power_tell,
	        .context = ret};
	int r = fleet_power_order(store, &a->call->actor, &many, &done);
	if (r >= 0)
		return CLI_OK;
	char what[80];
	(void)snprintf(
	        what, sizeof(what), "%zu of %zu orders were given, then it stopped", done, count);
	return machines_store_failed(r, dry_run ? "cannot read the store" : what);
}

static bool confirmed(const struct act *a, const struct power_told *t)
{
	char answer[16];

	printf("\n%s %zu machine%s? [y/N] ", a->call->verb->name, t->good, t->good == 1 ? "" : "s");
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	fputs("netmend: nothing was done\n", stderr);
	return false;
}

/* Leaves in ids those that were not refused. */
static size_t keep_good(const struct power_told *t, int64_t *ids)
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->all[i].look.reason == REASON_OK)
			ids[count++] = t->all[i].machine;
	return count;
}

static void tell_refused(const struct power_told *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->all[i].look.reason != REASON_OK)
			fprintf(stderr, "netmend: %s: %s\n", t->all[i].look.name,
			        t->all[i].look.text);
}

static void tell_ordered(const struct act *a, const struct power_told *t, size_t asked)
{
	printf("%s: ordered for %zu of %zu machines\n", a->call->verb->name, t->good, asked);
	if (t->good > 0 && !cli_value(a->call, "--watch"))
		puts("Each goes when its turn comes: netmend power orders --watch; "
		     "netmend power stop ends what still waits.");
	if (t->good > 0 && !a->serving)
		fputs("netmend: netmend serve does not run on this host: the orders wait until an "
		      "appliance that knows these controllers runs\n",
		        stderr);
}

static int order_now(
        struct store *store, const struct act *a, const int64_t *ids, size_t count, size_t asked)
{
	const struct cli_call *call = a->call;
	struct power_told told = {0};
	bool watch = cli_value(call, "--watch");

	int status = order_all(store, a, ids, count, false, &told);
	if (status == CLI_OK && call->options.json && !watch)
		status = cli_power_told_json(&told, call->verb->name, false);
	if (status == CLI_OK && !call->options.json) {
		tell_refused(&told);
		tell_ordered(a, &told, asked);
	}
	bool good = told.good == asked;
	if (status == CLI_OK && watch)
		status = cli_power_follow(store, &told, call->options.json);
	free(told.all);
	return good ? status : CLI_FAILED;
}

/* Shows what would be done with these machines, and, unless that was all that is wanted, does it
 * when the person agrees. */
static int look_then_order(struct store *store, const struct act *a, int64_t *ids, size_t count)
{
	const struct cli_call *call = a->call;
	bool dry_run = cli_value(call, "--dry-run"), json = call->options.json;
	struct power_told told = {0};

	int status = order_all(store, a, ids, count, true, &told);
	if (status == CLI_OK)
		status = json ? cli_power_told_json(&told, call->verb->name, true)
		              : cli_power_told_print(&told);
	if (status == CLI_OK && dry_run && told.good < count)
		status = CLI_FAILED;
	if (status == CLI_OK && !dry_run) {
		if (told.good == 0 || !confirmed(a, &told))
			status = CLI_FAILED;
		else
			status = order_now(store, a, ids, keep_good(&told, ids), count);
	}
	free(told.all);
	return status;
}

static int act(const struct cli_call *call, struct store *store, void *context)
{
	const struct act *a = context;
	struct machine_list list;
	bool asks = !cli_value(call, "--yes") || cli_value(call, "--dry-run");

	int status = cli_power_pick(call, store, a->filter, &list);
	int64_t *ids = calloc(list.count + 1, sizeof(*ids));
	if (status == CLI_OK && !ids)
		status = machines_store_failed(-ENOMEM, "machines");
	for (size_t i = 0; ids && i < list.count; i++)
		ids[i] = list.all[i].id;
	if (status == CLI_OK)
		status = asks ? look_then_order(store, a, ids, list.count)
		              : order_now(store, a, ids, list.count, list.count);
	free(ids);
	free(list.all);
	return status;
}

/* Servers are not switched off by a slip of the hand, nor by a script that did not mean it. */
static int may_ask(const struct cli_call *call)
{
	if (cli_value(call, "--yes") || cli_value(call, "--dry-run"))
		return CLI_OK;
	if (call->options.json)
		return cli_usage("--json goes with --yes or --dry-run: nothing was done");
	if (isatty(STDIN_FILENO))
		return CLI_OK;
	fputs("netmend: nobody can be asked here, so nothing was done: --dry-run shows what would "
	      "be, --yes does it without asking\n",
	        stderr);
	return CLI_FAILED;
}

int cli_power_act(const struct cli_call *call)
{
	struct machine_filter filter;
	struct config config;
	struct error err = {0};
	struct act a = {.call = call, .filter = &filter};

	int status = cli_power_filter(call, &filter);
	if (status == CLI_OK && filter_is_empty(&filter) && call->count == 0)
		status = cli_usage("which machines? By their names, or --site, --in-state, ...");
	if (status == CLI_OK)
		status = order_of(call, &a.order);
	if (status == CLI_OK)
		status = may_ask(call);
	if (status == CLI_OK && (cli_load_config(&call->options, &config, &err) < 0 ||
	                                own_image(&a, &config, &err) < 0))
		status = cli_fail(&err);
	if (status == CLI_OK) {
		a.order.scope_all = config.scope == SCOPE_ALL;
		a.serving = state_is_locked(&config);
		status = cli_with_store(call, act, &a);
	}
	filter_free(&filter);
	return status;
}
