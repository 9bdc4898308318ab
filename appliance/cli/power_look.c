/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend power check` and `status`: who would fail on the day, and why, said before it. */
#include "appliance/cli/machines.h"
#include "appliance/cli/power.h"
#include "appliance/cli/power_look.h"
#include "appliance/cli/power_pick.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define STATUS_SECONDS 30
#define AT_ONCE        64

/* ---- which machines ---- */

/* One the store does not know may be in the vault all the same. */
static int find_record(const struct power_looks *records, const char *word, struct power_looks *ret)
{
	const struct power_look *found = NULL;

	for (size_t i = 0; i < records->count; i++) {
		const struct power_look *r = &records->all[i];
		if (strcasecmp(r->name, word) != 0 && strcasecmp(r->address, word) != 0)
			continue;
		if (found) {
			fprintf(stderr,
			        "netmend: several controllers go by %s: name the machine by its "
			        "serial number or UUID\n",
			        word);
			return CLI_FAILED;
		}
		found = r;
	}
	if (!found) {
		fprintf(stderr,
		        "netmend: no machine %s, nor a controller of that name or address (see "
		        "netmend machines list, netmend power list)\n",
		        word);
		return CLI_FAILED;
	}
	struct power_look *look = cli_power_looks_add(ret, json_incref(found->machine));
	if (!look)
		return machines_store_failed(-ENOMEM, word);
	json_t *machine = look->machine;
	*look = *found;
	look->machine = machine;
	return CLI_OK;
}

static int add_machine(struct store *store, const struct machine *m, struct power_looks *ret)
{
	struct power_look *look = cli_power_looks_add(ret, cli_power_subject(store, m));

	if (!look)
		return machines_store_failed(-ENOMEM, "machines");
	fleet_machine_name(m, look->name);
	return CLI_OK;
}

struct choice {
	const struct machine_filter *filter;
	const struct power_looks *records;
	struct power_looks chosen;
};

/* Each word: a machine of the store, else a record. */
static int choose_by_words(const struct cli_call *call, struct store *store, struct choice *c)
{
	int status = CLI_OK;

	for (int i = 0; status == CLI_OK && i < call->count; i++) {
		struct machine m;
		int r = machines_find(store, call->words[i], &m);
		if (r == -ENOENT)
			status = find_record(c->records, call->words[i], &c->chosen);
		else if (r == 0)
			status = add_machine(store, &m, &c->chosen);
		else
			status = machines_find_or_tell(store, call->words[i], &m);
	}
	return status;
}

static int choose(const struct cli_call *call, struct store *store, void *context)
{
	struct choice *c = context;
	struct machine_list list = {0};
	int status = CLI_OK;

	if (filter_is_empty(c->filter))
		return choose_by_words(call, store, c);
	int r = machines_collect(store, c->filter, &list);
	if (r < 0)
		return machines_store_failed(r, "cannot read the store");
	if (list.count == 0) {
		fputs("netmend: no machine is like that (see netmend machines list)\n", stderr);
		status = CLI_FAILED;
	}
	for (size_t i = 0; status == CLI_OK && i < list.count; i++)
		status = add_machine(store, &list.all[i], &c->chosen);
	free(list.all);
	return status;
}

/* ---- asking ---- */

static void show_progress(const struct power_looks *l, size_t answered, size_t bad)
{
	fprintf(stderr, "\r%zu of %zu have answered, %zu of them badly", answered, l->count, bad);
	if (answered == l->count)
		fputs("\r\033[K", stderr);
}

/* Whether there is anything to ask, and anybody who can. */
static int look_at_escrow(struct escrow_socket *s, const struct config *config)
{
	struct error err = {0};
	json_t *status;

	if (!config->drive) {
		(void)error_set(&err, -EPERM, REASON_POWER_UNSUPPORTED,
		        "this appliance drives no management controllers: drive = no in [power] of "
		        "the configuration");
		return cli_fail(&err);
	}
	if (escrow_socket_ask(
	            s, json_pack("{s:s}", "op", "status"), STATUS_SECONDS, &status, &err) < 0)
		return cli_fail(&err);
	bool locked = json_is_true(json_object_get(status, "locked"));
	json_decref(status);
	if (!locked)
		return CLI_OK;
	(void)error_set(&err, -EACCES, REASON_VAULT_LOCKED,
	        "the vault is locked, and the controllers' logins are in it: netmend keys unlock, "
	        "then again");
	return cli_fail(&err);
}

struct asking {
	const struct cli_call *call;
	const struct machine_filter *filter;
	struct escrow_socket *escrow;
	long at_once;
};

/* "Later" of all of them may have one cause, and it is not theirs. */
static void tell_if_nobody_drives(const struct asking *a)
{
	struct error err = {0};
	json_t *status;

	if (escrow_socket_ask(a->escrow, json_pack("{s:s}", "op", "status"), STATUS_SECONDS,
	            &status, &err) < 0)
		return;
	if (json_is_false(json_object_get(json_object_get(status, "bmcs"), "driven")))
		fputs("netmend: netmend-power, which talks to controllers, does not run: see the "
		      "appliance's log\n",
		        stderr);
	json_decref(status);
}

static int ask(const struct asking *a, struct power_looks *l)
{
	struct error err = {0};

	if (l->count == 0) {
		(void)error_set(&err, -ENOENT, REASON_POWER_NO_BMC,
		        "no management controller is known: netmend power import FILE");
		return cli_fail(&err);
	}
	int r = cli_power_look_ask(a->escrow, l, a->call->verb->name, (size_t)a->at_once,
	        isatty(STDERR_FILENO) ? show_progress : NULL, &err);
	if (r < 0)
		(void)cli_fail(&err);
	bool good = r == 0, busy = false;
	for (size_t i = 0; i < l->count; i++) {
		good = good && l->all[i].reason == REASON_OK;
		busy = busy || l->all[i].reason == REASON_POWER_BUSY;
	}
	if (r == 0 && busy)
		tell_if_nobody_drives(a);
	cli_power_looks_sort(l);
	int status = cli_power_looks_print(l, a->call->options.json);
	return good ? status : CLI_FAILED;
}

static int look(const struct asking *a)
{
	struct power_looks records = {0};
	struct error err = {0};
	int status = CLI_OK;

	if (cli_power_look_records(a->escrow, &records, &err) < 0)
		status = cli_fail(&err);
	else if (a->call->count == 0 && filter_is_empty(a->filter))
		status = ask(a, &records);
	else {
		struct choice c = {.filter = a->filter, .records = &records};
		status = cli_with_store(a->call, choose, &c);
		if (status == CLI_OK)
			status = ask(a, &c.chosen);
		cli_power_looks_free(&c.chosen);
	}
	cli_power_looks_free(&records);
	return status;
}

/* Connected as root before anything else: opening the store makes this process web's user. */
static int connect_and_look(struct asking *a)
{
	struct escrow_socket *escrow CLEANUP_ESCROW_SOCKET = NULL;
	struct config config;
	struct error err = {0};

	if (cli_load_config(&a->call->options, &config, &err) < 0 ||
	        escrow_socket_open(config.runtime, &escrow, &err) < 0)
		return cli_fail(&err);
	a->escrow = escrow;
	return look_at_escrow(escrow, &config) == CLI_OK ? look(a) : CLI_FAILED;
}

int cli_power_check(const struct cli_call *call)
{
	struct machine_filter filter;
	struct asking a = {.call = call, .filter = &filter};

	int status = cli_power_filter(call, &filter);
	if (status == CLI_OK)
		status = cli_power_number(
		        call, "--at-once", AT_ONCE, 1, NM_POWER_AT_ONCE, &a.at_once);
	if (status == CLI_OK)
		status = connect_and_look(&a);
	filter_free(&filter);
	return status;
}
