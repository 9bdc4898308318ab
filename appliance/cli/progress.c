/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend progress`: what the page's headline, steps and list of the stuck say. */
#include "appliance/cli/progress.h"
#include "appliance/cli/machines.h"
#include "appliance/cli/table.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/learn.h"
#include "appliance/fleet/operator.h"
#include "appliance/fleet/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define STUCK_SHOWN 20

static void print_headline(const struct progress *p)
{
	char soonest[LEARN_DURATION_TEXT], latest[LEARN_DURATION_TEXT];

	printf("%" PRId64 " of %" PRId64 " machines recovered\n\n", p->recovered, p->total);
	printf("  rate   %.1f an hour (%" PRId64 " in the last %d minutes)\n", progress_per_hour(p),
	        p->rate.recovered, p->rate.minutes);
	learn_duration(p->soonest, soonest);
	learn_duration(p->latest, latest);
	if (p->recovered >= p->total)
		puts("  left   nothing");
	else if (!p->latest)
		printf("  left   nobody can say: none came back in the last %d minutes\n",
		        p->rate.minutes);
	else
		printf("  left   between %s and %s\n", soonest, latest);
}

/* The fixer's own steps take seconds. */
static void duration_cell(struct table *t, int64_t ms)
{
	char text[LEARN_DURATION_TEXT];

	learn_duration(ms, text);
	if (ms < 10000)
		table_cell(t, TABLE_PLAIN, "%.1f s", (double)ms / 1000);
	else
		table_cell(t, TABLE_PLAIN, "%s", text);
}

static int step_row(const char *step, const struct learnt *learnt, void *context)
{
	if (learnt->samples == 0)
		return 0;
	table_cell(context, TABLE_PLAIN, "%s", step);
	table_cell(context, TABLE_PLAIN, "%d", learnt->samples);
	duration_cell(context, learnt->median);
	duration_cell(context, learnt->most);
	return 0;
}

static int print_steps(const struct progress *p)
{
	static const struct table_column columns[] = {{"step", false, true},
	        {"machines", true, false}, {"median", true, false}, {"longest", true, false}};
	CLEANUP_TABLE struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	(void)progress_steps(p, step_row, t);
	if (t && table_rows(t) == 0)
		return CLI_OK;
	putchar('\n');
	return cli_print_table(t, NULL);
}

static int print_stuck(struct store *store, const struct progress *p)
{
	static const struct table_column columns[] = {{"number", true, true}, {"MAC", false, true},
	        {"name", false, false}, {"stuck in", false, false}, {"for", true, false},
	        {"limit", true, false}};
	CLEANUP_TABLE struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char name[NM_MAX_NAME + 1];
	struct machine m;

	if (p->stuck_count == 0)
		return CLI_OK;
	for (size_t i = 0; i < p->stuck_count && i < STUCK_SHOWN; i++) {
		const struct progress_stuck *s = &p->stuck[i];
		int r = store_machine_get(store, s->machine, &m);
		if (r == -ENOENT) /* merged with another one meanwhile */
			continue;
		if (r < 0)
			return machines_store_failed(r, "cannot read the store");
		fleet_machine_name(&m, name);
		table_cell(t, TABLE_PLAIN, "%" PRId64, m.id);
		table_cell(t, TABLE_PLAIN, "%s", m.mac);
		table_cell(t, TABLE_PLAIN, "%s", name);
		table_cell(t, TABLE_WARN, "%s", machine_state_name(s->state));
		duration_cell(t, p->now - s->since);
		duration_cell(t, s->limit);
	}
	putchar('\n');
	int status = cli_print_table(t, NULL);
	if (p->stuck_count > STUCK_SHOWN)
		printf("and %zu more%s\n", p->stuck_count - STUCK_SHOWN,
		        p->stuck_count == PROGRESS_STUCK_MAX ? " at least" : "");
	return status;
}

/* What to plug where is said by what is heard. */
static int print_none(const struct config *config, struct store *store)
{
	json_t *wire;

	puts("No machines yet: netmend machines add MAC NAME, netmend inventory import FILE.\n"
	     "What is heard on the network:\n");
	int r = wire_read(config, store, &wire);
	if (r < 0)
		return machines_store_failed(r, "cannot read the store");
	int status = wire_print(wire);
	json_decref(wire);
	return status;
}

static int print_all(struct store *store, const struct progress *p)
{
	print_headline(p);
	int status = print_steps(p);
	return status == CLI_OK ? print_stuck(store, p) : status;
}

static int do_progress(const struct cli_call *call)
{
	struct config config;
	struct store *store;
	struct progress p;
	int status;

	if (cli_open_store(&call->options, &config, &store) != CLI_OK)
		return CLI_FAILED;
	int r = progress_read(store, fleet_clock(), &p);
	if (r < 0)
		status = machines_store_failed(r, "cannot read the store");
	else if (call->options.json)
		status = cli_print_json(progress_json(&p));
	else
		status = p.total ? print_all(store, &p) : print_none(&config, store);
	store_close(store);
	return status;
}

const struct cli_verb progress_verbs[] = {
        {"", "", 0, 0, CLI_JSON | CLI_WATCH, NULL,
                "how many machines are back, how fast, how long yet, who does not move",
                do_progress},
        {0},
};
