/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What only the running escrow can tell or do. */
#include "appliance/cli/escrow_socket.h"
#include "appliance/cli/keys.h"
#include "appliance/cli/passphrase.h"
#include "appliance/cli/table.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_SECONDS 10
#define UNLOCK_SECONDS 60 /* a passphrase is stretched */

static int connect_escrow(
        const struct cli_options *options, struct escrow_socket **ret, struct error *err)
{
	struct config config;
	int r = cli_load_config(options, &config, err);

	return r < 0 ? r : escrow_socket_open(config.runtime, ret, err);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static int ask_status(struct escrow_socket *socket, json_t **ret, struct error *err)
{
	return escrow_socket_ask(
	        socket, json_pack("{s:s}", "op", "status"), ANSWER_SECONDS, ret, err);
}

/* --- sources -------------------------------------------------------------------------------------
 */

static void add_source(struct table *table, const json_t *source)
{
	bool vault = strcmp(text_of(source, "type"), "vault") == 0;
	bool good = strcmp(text_of(source, "reason"), "OK") == 0;
	char checked[CLI_TIME_TEXT] = "", snapshot[CLI_TIME_TEXT] = "";

	if (!vault) {
		cli_age_text(number_of(source, "checked"), checked);
		cli_age_text(number_of(source, "snapshot"), snapshot);
	}
	table_cell(table, TABLE_PLAIN, "%s", text_of(source, "name"));
	table_cell(table, TABLE_PLAIN, "%s", text_of(source, "type"));
	table_cell(table, good ? TABLE_GOOD : TABLE_FAIL, "%s", text_of(source, "reason"));
	table_cell(table, TABLE_PLAIN, "%s", checked);
	table_cell(table, TABLE_PLAIN, "%s", snapshot);
	if (number_of(source, "snapshot") > 0)
		table_cell(table, TABLE_PLAIN, "%" PRId64, number_of(source, "snapshot_keys"));
	else
		table_cell(table, TABLE_PLAIN, "%s", "");
	table_cell(table, TABLE_PLAIN, "%s", text_of(source, "text"));
}

static int print_sources(const json_t *status, bool json)
{
	static const struct table_column columns[] = {{.heading = "source", .whole = true},
	        {.heading = "type"}, {.heading = "state", .whole = true},
	        {.heading = "looked at", .right = true}, {.heading = "snapshot", .right = true},
	        {.heading = "keys", .right = true}, {.heading = "what"}};
	struct table *table CLEANUP_TABLE = table_new(columns, 7);
	json_t *sources = json_object_get(status, "sources"), *source;
	size_t i;

	if (json)
		return cli_print_json(json_incref(sources));
	if (json_is_true(json_object_get(status, "locked")))
		puts("The vault is locked: netmend keys unlock");
	json_array_foreach(sources, i, source) add_source(table, source);
	return cli_print_table(table, NULL);
}

/* CLI_FAILED when one of the sources is not in order: for scripts that watch. */
int keys_sources(const struct cli_call *call)
{
	struct escrow_socket *socket CLEANUP_ESCROW_SOCKET = NULL;
	struct error err = {0};
	json_t *status = NULL;
	const json_t *source;
	bool bad = false;
	size_t i;

	int r = connect_escrow(&call->options, &socket, &err);
	if (r == 0)
		r = ask_status(socket, &status, &err);
	if (r < 0)
		return cli_fail(&err);
	bad = print_sources(status, call->options.json) != CLI_OK;
	json_array_foreach(json_object_get(status, "sources"), i, source) bad =
	        bad || strcmp(text_of(source, "reason"), "OK") != 0;
	bad = bad || json_is_true(json_object_get(status, "locked"));
	json_decref(status);
	return bad ? CLI_FAILED : CLI_OK;
}

/* --- snapshot ------------------------------------------------------------------------------------
 */

/* Until escrow says that it is over. *ret_status (the caller's) is its last status. */
static int follow_snapshot(struct escrow_socket *socket, json_t **ret_status, struct error *err)
{
	bool on_screen = isatty(STDERR_FILENO), running = true;
	json_t *status = NULL;
	int64_t told = -1;
	int r = 0;

	while (r == 0 && running) {
		const struct timespec pause = {.tv_nsec = 500000000};
		json_decref(status);
		status = NULL;
		(void)nanosleep(&pause, NULL);
		r = ask_status(socket, &status, err);
		const json_t *snapshot = json_object_get(status, "snapshot");
		int64_t records = number_of(snapshot, "records");
		running = json_is_true(json_object_get(snapshot, "running"));
		if (r == 0 && records != told)
			fprintf(stderr, "%s%s: %" PRId64 " keys%s", on_screen ? "\r\033[K" : "",
			        text_of(snapshot, "source"), records, on_screen ? "" : "\n");
		told = records;
	}
	if (on_screen)
		fputc('\n', stderr);
	if (r == 0)
		*ret_status = status;
	return r;
}

/* A line for each source that was asked; CLI_FAILED when the snapshot of one did not end well since
 * then: its last complete one is older. */
static int judge_snapshot(const json_t *status, const char *wanted, const json_t *before)
{
	const json_t *source, *sources = json_object_get(status, "sources");
	const json_t *earlier = json_object_get(before, "sources");
	int result = CLI_OK;
	size_t i;

	json_array_foreach(sources, i, source)
	{
		if (strcmp(text_of(source, "type"), "vault") == 0 ||
		        (wanted[0] && strcmp(text_of(source, "name"), wanted) != 0))
			continue;
		if (number_of(source, "snapshot") >
		        number_of(json_array_get(earlier, i), "snapshot")) {
			printf("%s: complete, %" PRId64 " keys\n", text_of(source, "name"),
			        number_of(source, "snapshot_keys"));
			continue;
		}
		fprintf(stderr, "netmend: %s: not complete; what came before stays in the vault\n",
		        text_of(source, "name"));
		result = CLI_FAILED;
	}
	if (result != CLI_OK)
		fprintf(stderr, "netmend: %s\n",
		        text_of(json_object_get(status, "snapshot"), "text"));
	return result;
}

int keys_snapshot(const struct cli_call *call)
{
	struct escrow_socket *socket CLEANUP_ESCROW_SOCKET = NULL;
	const char *wanted = call->count ? call->words[0] : "";
	json_t *before = NULL, *after = NULL;
	struct error err = {0};

	int r = connect_escrow(&call->options, &socket, &err);
	if (r == 0)
		r = ask_status(socket, &before, &err);
	if (r == 0)
		r = escrow_socket_order(socket,
		        json_pack("{s:s,s:s}", "op", "snapshot", "source", wanted), ANSWER_SECONDS,
		        NULL, &err);
	if (r == 0)
		r = follow_snapshot(socket, &after, &err);
	int status = r < 0 ? cli_fail(&err) : judge_snapshot(after, wanted, before);
	json_decref(before);
	json_decref(after);
	return status;
}

/* --- unlock --------------------------------------------------------------------------------------
 */

int keys_unlock(const struct cli_call *call)
{
	struct escrow_socket *socket CLEANUP_ESCROW_SOCKET = NULL;
	struct secret *passphrase CLEANUP_SECRET = NULL;
	struct error err = {0};

	int r = connect_escrow(&call->options, &socket, &err);
	if (r == 0)
		r = cli_read_passphrase("Passphrase of the vault", false, &passphrase, &err);
	if (r == 0)
		r = escrow_socket_order(socket,
		        json_pack("{s:s,s:s%}", "op", "unlock", "passphrase", passphrase->data,
		                passphrase->len),
		        UNLOCK_SECONDS, NULL, &err);
	if (r < 0)
		return cli_fail(&err);
	puts("The vault is open.");
	return CLI_OK;
}
