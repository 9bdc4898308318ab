/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders followed to their end. Leaving changes nothing: the appliance has them. */
#include "appliance/cli/machines.h"
#include "appliance/cli/power_act.h"
#include "appliance/cli/table.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/power_show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 1000

/* An order as it was when last looked at. */
struct followed {
	int64_t machine;
	const char *name;
	bool seen;
	struct store_power order;
};

struct follow {
	struct store *store;
	struct followed *all;
	size_t count;
	bool json;
	size_t states[POWER_STATES];
};

/* On a terminal the last line tells how far all are. */
static void wipe_line(const struct follow *f)
{
	if (!f->json && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void show_line(const struct follow *f)
{
	if (f->json || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%zu wait, %zu are under way, %zu start, %zu done, %zu failed",
	        f->states[POWER_STATE_WAITING], f->states[POWER_STATE_DRIVING],
	        f->states[POWER_STATE_BOOTING], f->states[POWER_STATE_DONE],
	        f->states[POWER_STATE_FAILED]);
}

static void show_change(const struct follow *f, const struct followed *one)
{
	char when[CLI_TIME_TEXT];

	if (f->json)
		return;
	cli_time_text(fleet_clock(), when);
	wipe_line(f);
	printf("%s  %s  %s%s%s\n", when, one->name, cli_power_state_words(&one->order),
	        one->order.text[0] ? ": " : "", one->order.text);
	(void)fflush(stdout);
}

static int look_at(struct follow *f, struct followed *one)
{
	struct store_power now;
	int r = one->seen ? store_power_get(f->store, one->order.id, &now)
	                  : power_latest(f->store, one->machine, &now);

	if (r == -ENOENT) { /* merged with another one, or taken away */
		one->order.state = POWER_STATE_STOPPED;
		(void)snprintf(one->order.text, sizeof(one->order.text),
		        "it is no machine of its own any more: see netmend power orders");
	}
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	bool changed = !one->seen || now.state != one->order.state || now.tries != one->order.tries;
	store_power_free(&one->order);
	one->order = now;
	one->seen = true;
	if (changed)
		show_change(f, one);
	return 0;
}

/* How many are open still, or -errno. */
static int64_t look(struct follow *f)
{
	int64_t open = 0;
	int r = 0;

	memset(f->states, 0, sizeof(f->states));
	for (size_t i = 0; r == 0 && i < f->count; i++) {
		struct followed *one = &f->all[i];
		if (!one->seen || power_is_open(one->order.state))
			r = look_at(f, one);
		f->states[one->order.state]++;
		open += one->seen && power_is_open(one->order.state);
	}
	return r < 0 ? r : open;
}

/* ---- the end ---- */

static int print_failed(const struct follow *f)
{
	static const struct table_column columns[] = {{"machine", false, true},
	        {"controller", false, false}, {"state", false, true}, {"tries", true, false},
	        {"why", false, false}, {"what to do", false, false}};
	struct table *t CLEANUP_TABLE = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < f->count; i++) {
		const struct store_power *p = &f->all[i].order;
		if (p->state == POWER_STATE_DONE)
			continue;
		bool failed = p->state == POWER_STATE_FAILED;
		table_cell(t, TABLE_PLAIN, "%s", f->all[i].name);
		table_cell(t, TABLE_PLAIN, "%s %s", p->type, p->address);
		table_cell(
		        t, failed ? TABLE_FAIL : TABLE_WARN, "%s", power_progress_name(p->state));
		table_cell(t, TABLE_PLAIN, "%d", p->tries);
		table_cell(t, TABLE_PLAIN, "%s%s%s", failed ? reason_title(p->reason) : "",
		        failed && p->text[0] ? ": " : "", p->text);
		table_cell(t, TABLE_PLAIN, "%s", failed ? reason_advice(p->reason) : "");
	}
	putchar('\n');
	int status = table_rows(t) > 0 ? cli_print_table(t, NULL) : CLI_OK;
	printf("%zu done, %zu failed, %zu stopped\n", f->states[POWER_STATE_DONE],
	        f->states[POWER_STATE_FAILED], f->states[POWER_STATE_STOPPED]);
	return fflush(stdout) == 0 ? status : CLI_FAILED;
}

static int print_json(const struct follow *f, const struct power_told *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < f->count; i++)
		if (json_array_append_new(list, power_object(&f->all[i].order, f->all[i].name)) <
		        0) {
			json_decref(list);
			list = NULL;
		}
	json_t *refused = cli_power_refused_json(t);
	return cli_print_json(
	        json_pack("{s:i, s:o, s:o}", "v", 1, "orders", list, "refused", refused));
}

static int begin(struct follow *f, const struct power_told *t)
{
	f->all = calloc(t->good + 1, sizeof(*f->all));
	if (!f->all)
		return machines_store_failed(-ENOMEM, "orders");
	for (size_t i = 0; i < t->count; i++)
		if (t->all[i].look.reason == REASON_OK)
			f->all[f->count++] = (struct followed){
			        .machine = t->all[i].machine, .name = t->all[i].look.name};
	if (!f->json && f->count > 0)
		puts("Followed to their end; leaving with Ctrl-C leaves the orders as they are.\n");
	return CLI_OK;
}

int cli_power_follow(struct store *store, const struct power_told *t, bool json)
{
	const struct timespec pause = {.tv_sec = LOOK_MS / 1000};
	struct follow f = {.store = store, .json = json};
	int64_t open = -ENOMEM;

	int status = begin(&f, t);
	while (status == CLI_OK && (open = look(&f)) > 0) {
		show_line(&f);
		(void)nanosleep(&pause, NULL);
	}
	wipe_line(&f);
	if (status == CLI_OK && open < 0)
		status = machines_store_failed((int)open, "cannot read the orders");
	if (status == CLI_OK)
		status = json ? print_json(&f, t) : print_failed(&f);
	if (f.states[POWER_STATE_DONE] < f.count)
		status = CLI_FAILED;
	for (size_t i = 0; i < f.count; i++)
		store_power_free(&f.all[i].order);
	free(f.all);
	return status;
}
