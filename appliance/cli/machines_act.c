/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decisions about one machine, or about many that are chosen by what they are. */
#include "appliance/cli/machines.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const done_words[DEEDS] = {"is on the list", "is off the list", "is held",
        "may go on", "may boot again",
        "starts over: its interrupted repair is not offered any more"};

/* A word that is no MAC: it has to be one of the machines that are known. */
static int find_to_add(const struct cli_call *call, struct store *store, struct machine *ret)
{
	int r = machines_find(store, call->words[0], ret);

	if (r == -ENOENT) {
		fprintf(stderr,
		        "netmend: %s is neither the MAC address of a network card nor a machine "
		        "that is known\n",
		        call->words[0]);
		return CLI_FAILED;
	}
	return machines_find_or_tell(store, call->words[0], ret);
}

static int act_on_one(const struct cli_call *call, struct store *store, enum fleet_deed verb)
{
	const char *why = cli_value(call, "--why");
	struct machine m;
	struct error err = {0};
	char name[NM_MAX_NAME + 1];

	if (!why)
		why = call->count > 1 ? call->words[1] : "";
	if ((verb == DEED_ADD ? find_to_add(call, store, &m)
	                      : machines_find_or_tell(store, call->words[0], &m)) != CLI_OK)
		return CLI_FAILED;
	fleet_machine_name(&m, name);
	int r = fleet_decide(store, &call->actor, verb, m.id, why, &err);
	/* One that is only listed may have no MAC. */
	const char *between = m.mac[0] ? " " : "";
	if (r == -ENODATA) {
		fprintf(stderr, "netmend: %s%s%s: %s\n", m.mac, between, name, err.text);
		return CLI_FAILED;
	}
	if (r < 0)
		return machines_store_failed(r, name);
	printf("%s%s%s %s\n", m.mac, between, name, done_words[verb]);
	return CLI_OK;
}

/* Many machines are not held by a slip of the hand. */
static bool confirmed(const struct cli_call *call, const struct machine_list *list)
{
	char answer[16];

	if (list->count <= 1 || cli_value(call, "--yes"))
		return true;
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr,
		        "netmend: that are %zu machines: nothing was done (--yes does not ask)\n",
		        list->count);
		return false;
	}
	printf("%s %zu machines? [y/N] ", call->verb->name, list->count);
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static void print_refused(int64_t machine, const struct error *why, void *context)
{
	const struct machine_list *list = context;
	char name[NM_MAX_NAME + 1] = "";

	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].id == machine)
			fleet_machine_name(&list->all[i], name);
	fprintf(stderr, "netmend: %s: %s\n", name, why->text);
}

/* "site=Bern state=attention", for the record. */
static void describe(const struct cli_call *call, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; i < call->given_count && used < size; i++) {
		const char *name = call->given[i].option->name;
		if (strcmp(name, "--why") == 0 || strcmp(name, "--yes") == 0)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", used ? " " : "",
		        name + 2, call->given[i].option->value ? "=" : "", call->given[i].value);
	}
}

static int act_on_list(const struct cli_call *call, struct store *store, enum fleet_deed verb,
        struct machine_list *list)
{
	char chosen[200];
	const char *why = cli_value(call, "--why");
	int64_t *ids = calloc(list->count + 1, sizeof(*ids));
	size_t done = 0;

	if (!ids)
		return machines_store_failed(-ENOMEM, "machines");
	for (size_t i = 0; i < list->count; i++)
		ids[i] = list->all[i].id;
	describe(call, chosen, sizeof(chosen));
	const struct fleet_order order = {.verb = verb,
	        .machines = ids,
	        .count = list->count,
	        .text = why           ? why
	                : call->count ? call->words[0]
	                              : "",
	        .chosen = chosen,
	        .refused = print_refused,
	        .context = list};
	int r = fleet_act(store, &call->actor, &order, &done);
	free(ids);
	if (r < 0) {
		char what[64];
		(void)snprintf(what, sizeof(what), "%zu of %zu machines, then it stopped", done,
		        list->count);
		return machines_store_failed(r, what);
	}
	printf("%s: %zu of %zu machines\n", call->verb->name, done, list->count);
	return done == list->count ? CLI_OK : CLI_FAILED;
}

static int act_by_filter(const struct cli_call *call, struct store *store, enum fleet_deed verb,
        const struct machine_filter *filter)
{
	struct machine_list list;
	int r = machines_collect(store, filter, &list);

	if (r < 0)
		return machines_store_failed(r, "cannot read the store");
	int status = CLI_FAILED;
	if (list.count == 0)
		fputs("netmend: no machine is like that (see netmend machines list)\n", stderr);
	else if (confirmed(call, &list))
		status = act_on_list(call, store, verb, &list);
	free(list.all);
	return status;
}

static int act(const struct cli_call *call, struct store *store, void *context)
{
	enum fleet_deed verb = (enum fleet_deed)fleet_deed_parse(call->verb->name);

	return filter_is_empty(context) ? act_on_one(call, store, verb)
	                                : act_by_filter(call, store, verb, context);
}

int machines_act(const struct cli_call *call)
{
	struct machine_filter filter;
	int status = machines_filter(call, 0, NULL, &filter);

	if (status == CLI_OK && filter_is_empty(&filter) && call->count == 0)
		status = cli_usage(
		        "which machine? By MAC, number or name, or --site, --in-state, ...");
	if (status == CLI_OK && !filter_is_empty(&filter) && call->count > 1)
		status = cli_usage("one machine by its name, or many by --site, --in-state, ...");
	if (status == CLI_OK)
		status = cli_with_store(call, act, &filter);
	filter_free(&filter);
	return status;
}
