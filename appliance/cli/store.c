/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend store`: what the fleet's memory is, a copy of it, a move to another database. */
#include "appliance/cli/verb.h"
#include "appliance/cli/table.h"
#include "appliance/store/copy.h"
#include "appliance/store/counts.h"
#include "appliance/supervisor/state.h"
#include "appliance/supervisor/store_place.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(int r, const char *what)
{
	struct error err = {0};

	error_set(&err, r, REASON_CANNOT_OPEN, "%s: %s", what, strerror(-r));
	return cli_fail(&err);
}

/* ---- status ---------------------------------------------------------------------------------- */

static int appliance_json(const struct store_appliance_row *row, void *context)
{
	return json_array_append_new(
	               context, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "id", row->id, "name",
	                                row->name, "address", row->address, "version", row->version,
	                                "seen", (json_int_t)row->seen, "twin", row->twin)) < 0
	               ? -ENOMEM
	               : 0;
}

static int count_machines(const struct store_count *count, void *context)
{
	int64_t *machines = context;

	*machines += count->machines;
	return 0;
}

static void status_print(const json_t *status)
{
	static const struct table_column columns[] = {{"ID", false, true}, {"NAME", false, false},
	        {"ADDRESS", false, false}, {"VERSION", false, false}, {"", false, false}};
	struct table *table CLEANUP_TABLE = table_new(columns, 5);
	const json_t *row;
	size_t i;

	printf("Store:    %s, %s\nMachines: %" JSON_INTEGER_FORMAT
	       "\nEvents:   %" JSON_INTEGER_FORMAT "\n\n",
	        json_string_value(json_object_get(status, "kind")),
	        json_string_value(json_object_get(status, "place")),
	        json_integer_value(json_object_get(status, "machines")),
	        json_integer_value(json_object_get(status, "events")));
	json_array_foreach(json_object_get(status, "appliances"), i, row)
	{
		table_cell(table, TABLE_PLAIN, "%s", json_string_value(json_object_get(row, "id")));
		table_cell(
		        table, TABLE_PLAIN, "%s", json_string_value(json_object_get(row, "name")));
		table_cell(table, TABLE_PLAIN, "%s",
		        json_string_value(json_object_get(row, "address")));
		table_cell(table, TABLE_PLAIN, "%s",
		        json_string_value(json_object_get(row, "version")));
		const char *twin = json_string_value(json_object_get(row, "twin"));
		table_cell(table, TABLE_WARN, "%s%s", twin && twin[0] ? "has the same id as " : "",
		        twin ? twin : "");
	}
	(void)cli_print_table(table, "no appliance has worked on it yet");
}

static int store_status(const struct cli_call *call)
{
	char path[STATE_PATH_MAX];
	struct config config;
	struct store *store;
	int64_t machines = 0, events = 0;
	json_t *appliances = json_array();

	if (cli_open_store(&call->options, &config, &store) != CLI_OK) {
		json_decref(appliances);
		return CLI_FAILED;
	}
	state_path(path, config.state, "web/netmend.db");
	int r = store_counts(store, count_machines, &machines);
	if (r == 0)
		r = store_sequence(store, &events);
	if (r == 0)
		r = store_appliance_rows(store, appliance_json, appliances);
	json_t *status = json_pack("{s:s, s:s, s:I, s:I, s:o}", "kind", store_kind(store), "place",
	        config.database[0] ? config.database : path, "machines", (json_int_t)machines,
	        "events", (json_int_t)events, "appliances", appliances);
	store_close(store);
	if (r == 0 && !status)
		r = -ENOMEM;
	if (r < 0)
		json_decref(status);
	if (r < 0)
		return failed(r, "the store cannot be read");
	if (call->options.json)
		return cli_print_json(status);
	status_print(status);
	json_decref(status);
	return CLI_OK;
}

/* ---- backup ---------------------------------------------------------------------------------- */

static void show_progress(void *context, const char *table, int64_t rows, bool done)
{
	(void)context;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%-18s %10" PRId64 "%s", table, rows, done ? "\n" : "");
	else if (done)
		fprintf(stderr, "%s %" PRId64 "\n", table, rows);
}

static const struct store_progress progress = {.told = show_progress};

/* The finished copy into the file the caller opened; what is on stable storage is told of. */
static int hand_over(const char *path, int out)
{
	CLEANUP_CLOSE int in = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (in < 0)
		return -errno;
	while (n > 0)
		n = sendfile(out, in, NULL, 1 << 20);
	return n < 0 || fsync(out) < 0 ? -errno : 0;
}

static int backup_into(struct store *store, const struct config *config, int out)
{
	char path[STATE_PATH_MAX], bundles[STATE_PATH_MAX];
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct error err = {0};

	state_path(bundles, config->state, STATE_BUNDLES);
	/* Made where the store's user may write; of two at a time the second finds it taken. */
	state_path(path, config->state, "web/backup.db");
	if (access(path, F_OK) == 0)
		return failed(-EEXIST, path);
	int r = store_backup(store, path, bundles, &progress, &err);
	if (r == 0)
		r = hand_over(path, out);
	for (size_t i = 0; i < 3; i++) {
		char side[STATE_PATH_MAX + 8];
		(void)snprintf(side, sizeof(side), "%s%s", path, ends[i]);
		(void)unlink(side);
	}
	if (err.code)
		return cli_fail(&err);
	return r < 0 ? failed(r, "the copy cannot be written") : CLI_OK;
}

static int store_backup_verb(const struct cli_call *call)
{
	struct config config;
	struct store *store;
	/* The caller's file, opened before the change of user. */
	CLEANUP_CLOSE int out = open(call->words[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (out < 0)
		return failed(-errno, call->words[0]);
	int status = cli_open_store(&call->options, &config, &store);
	if (status == CLI_OK) {
		status = backup_into(store, &config, out);
		store_close(store);
	}
	if (status == CLI_OK)
		printf("%s has everything\n", call->words[0]);
	else if (unlink(call->words[0]) < 0 && ftruncate(out, 0) == 0)
		fprintf(stderr, "netmend: %s was left empty\n", call->words[0]);
	return status;
}

/* ---- copy ------------------------------------------------------------------------------------ */

static bool is_url(const char *word)
{
	return strstr(word, "://") != NULL;
}

/* A database gets the password of the configuration. */
static int place_of(const struct config *config, const char *word, struct secret **ret)
{
	struct error err = {0};
	struct config other = *config;
	int r = 0;

	if (!is_url(word)) {
		*ret = secret_copy(word, strlen(word) + 1);
		return *ret ? CLI_OK : failed(-ENOMEM, word);
	}
	r = config_set(&other, "store", "database", word, "netmend store copy", &err);
	if (r == 0)
		r = store_place(&other, ret, &err);
	return r < 0 ? cli_fail(&err) : CLI_OK;
}

/* Whose file it is, works on it: root would leave files that its owner cannot write to. */
static int become_owner(const char *word)
{
	char copy[PATH_MAX];
	struct stat st;

	if (geteuid() != 0 || is_url(word))
		return CLI_OK;
	(void)snprintf(copy, sizeof(copy), "%s", word);
	if (stat(word, &st) < 0 && stat(dirname(copy), &st) < 0)
		return failed(-errno, word);
	const struct account owner = {.name = "of the file", .uid = st.st_uid, .gid = st.st_gid};
	return st.st_uid == 0 ? CLI_OK : cli_become(&owner);
}

static int copy_places(const char *from_place, const char *to_place, const char *bundles)
{
	struct store *from = NULL, *to = NULL;
	struct error err = {0};
	int r = store_open(from_place, &from, &err);

	if (r == 0)
		r = store_open(to_place, &to, &err);
	if (r == 0)
		r = store_copy(from, to, bundles, &progress, &err);
	store_close(to);
	store_close(from);
	return r < 0 ? cli_fail(&err) : CLI_OK;
}

static int store_copy_verb(const struct cli_call *call)
{
	struct secret *from CLEANUP_SECRET = NULL, *to CLEANUP_SECRET = NULL;
	const char *const *words = (const char *const *)call->words;
	char folder[PATH_MAX], bundles[PATH_MAX + 16];
	struct config config;
	struct error err = {0};

	if (secrets_init() < 0)
		return failed(-EPERM, "cannot protect the memory of this command");
	if (cli_load_config(&call->options, &config, &err) < 0)
		return cli_fail(&err);
	if (!is_url(words[0]) && access(words[0], F_OK) < 0)
		return failed(-errno, words[0]);
	if (place_of(&config, words[0], &from) != CLI_OK ||
	        place_of(&config, words[1], &to) != CLI_OK ||
	        become_owner(is_url(words[0]) ? words[1] : words[0]) != CLI_OK)
		return CLI_FAILED;
	/* An appliance's file has its bundles beside it. */
	(void)snprintf(folder, sizeof(folder), "%s", words[0]);
	(void)snprintf(bundles, sizeof(bundles), "%s/bundles", dirname(folder));
	int status = copy_places((const char *)from->data, (const char *)to->data,
	        is_url(words[0]) ? NULL : bundles);
	if (status == CLI_OK)
		printf("every row has arrived\n");
	return status;
}

const struct cli_verb store_verbs[] = {
        {"status", "", 0, 0, CLI_JSON, NULL, "which database, how much is in it, who works on it",
                store_status},
        {"backup", "FILE", 1, 1, 0, NULL, "everything into an SQLite file, while in use",
                store_backup_verb},
        {"copy", "FROM TO", 2, 2, 0, NULL,
                "a store into an empty one: SQLite files or postgresql://USER@HOST/DATABASE",
                store_copy_verb},
        {0},
};
