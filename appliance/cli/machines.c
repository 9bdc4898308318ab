/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend machines`: the operator's decisions, on the store web uses and under web's user. */
#include "appliance/cli/cli.h"
#include "appliance/cli/machines.h"
#include "appliance/fleet/operator.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 512

static int store_failed(int code, const char *what)
{
	struct error err = {0};

	error_set(&err, code, REASON_CANNOT_OPEN, "%s: %s", what,
	        code == -EBUSY ? "the store is busy, try again" : strerror(-code));
	return cli_fail(&err);
}

struct search {
	const char *name;
	struct machine found;
	int count;
};

static int compare_name(const struct machine *m, void *context)
{
	struct search *s = context;

	if (strcmp(m->name, s->name) != 0)
		return 0;
	s->found = *m;
	s->count++;
	return 0;
}

/* 0; -ENOENT; -ENOTUNIQ for a name that several machines have. */
static int find_machine(struct store *store, const char *which, struct machine *ret)
{
	struct search search = {.name = which};
	char mac[MAC_TEXT], *end;

	if (mac_normalise(which, mac) == 0)
		return store_machine_by_mac(store, mac, ret);
	errno = 0;
	long long id = strtoll(which, &end, 10);
	if (end != which && *end == '\0' && errno == 0 && store_machine_get(store, id, ret) == 0)
		return 0;
	int r = store_machines(store, 0, 0, compare_name, &search);
	if (r < 0)
		return r;
	if (search.count != 1)
		return search.count ? -ENOTUNIQ : -ENOENT;
	*ret = search.found;
	return 0;
}

static int find_or_tell(struct store *store, const char *which, struct machine *ret)
{
	int r = find_machine(store, which, ret);

	if (r == -ENOENT)
		fprintf(stderr, "netmend: no machine %s (see netmend machines list)\n", which);
	else if (r == -ENOTUNIQ)
		fprintf(stderr,
		        "netmend: several machines are called %s: name one by MAC or number\n",
		        which);
	else if (r < 0)
		return store_failed(r, which);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static int add_one(struct store *store, const char *mac, const char *name)
{
	char normal[MAC_TEXT];
	int64_t id;

	if (mac_normalise(mac, normal) < 0) {
		fprintf(stderr, "netmend: %.40s is not the MAC address of a network card\n", mac);
		return CLI_FAILED;
	}
	int r = fleet_add(store, mac, name, &id);
	if (r < 0)
		return store_failed(r, mac);
	printf("%s %s is on the list (number %" PRId64 ")\n", normal, name ? name : "", id);
	return CLI_OK;
}

static int do_add(struct store *store, int argc, char **argv, bool json)
{
	(void)json;
	return add_one(store, argv[2], argc > 3 ? argv[3] : NULL);
}

/* "MAC", "MAC,NAME" or "MAC NAME"; a line without a MAC as first word is an error, but for an empty
 * one, a comment, and the first, which may be a heading. */
static int import_line(struct store *store, char *line, int number)
{
	char mac[MAC_TEXT];

	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, " \t\"");
	size_t len = strcspn(line, " \t,;\"");
	char *name = line + len;
	if (len == 0 || *line == '#')
		return CLI_OK;
	name += strspn(name, " \t,;\"");
	line[len] = '\0';
	name[strcspn(name, ",;\"")] = '\0';
	if (mac_normalise(line, mac) < 0 && number == 1)
		return CLI_OK;
	return add_one(store, line, name[0] ? name : NULL);
}

static int do_import(struct store *store, int argc, char **argv, bool json)
{
	char line[LINE_MAX_LEN];
	int number = 0, failed = 0;

	(void)argc;
	(void)argv;
	(void)json;
	while (fgets(line, sizeof(line), stdin)) {
		number++;
		if (!strchr(line, '\n') && !feof(stdin)) {
			fprintf(stderr, "netmend: line %d is too long: stopped there\n", number);
			return CLI_FAILED;
		}
		if (import_line(store, line, number) != CLI_OK) {
			fprintf(stderr, "netmend: line %d was left out\n", number);
			failed++;
		}
	}
	if (ferror(stdin))
		return store_failed(-EIO, "cannot read the file");
	return failed ? CLI_FAILED : CLI_OK;
}

static int decided(int r, const struct machine *m, const char *what)
{
	if (r < 0)
		return store_failed(r, m->mac);
	printf("%s %s %s\n", m->mac, m->name, what);
	return CLI_OK;
}

static int do_remove(struct store *store, int argc, char **argv, bool json)
{
	struct machine m;

	(void)argc;
	(void)json;
	if (find_or_tell(store, argv[2], &m) != CLI_OK)
		return CLI_FAILED;
	return decided(fleet_remove(store, m.id), &m, "is off the list");
}

static int do_hold(struct store *store, int argc, char **argv, bool json)
{
	struct machine m;

	(void)json;
	if (find_or_tell(store, argv[2], &m) != CLI_OK)
		return CLI_FAILED;
	return decided(fleet_hold(store, m.id, argc > 3 ? argv[3] : ""), &m, "is held");
}

static int do_release(struct store *store, int argc, char **argv, bool json)
{
	struct machine m;

	(void)argc;
	(void)json;
	if (find_or_tell(store, argv[2], &m) != CLI_OK)
		return CLI_FAILED;
	return decided(fleet_release(store, m.id), &m, "may go on");
}

static int do_discard(struct store *store, int argc, char **argv, bool json)
{
	struct machine m;

	(void)argc;
	(void)json;
	if (find_or_tell(store, argv[2], &m) != CLI_OK)
		return CLI_FAILED;
	int r = fleet_discard(store, m.id, "command line");
	if (r == -ENODATA) {
		fprintf(stderr, "netmend: %s has no interrupted repair to discard\n", m.mac);
		return CLI_FAILED;
	}
	return decided(r, &m, "starts over: its interrupted repair is not offered any more");
}

static int do_show(struct store *store, int argc, char **argv, bool json)
{
	struct machine m;

	(void)argc;
	if (find_or_tell(store, argv[2], &m) != CLI_OK)
		return CLI_FAILED;
	int r = machines_print_one(store, &m, json);
	return r < 0 ? store_failed(r, m.mac) : CLI_OK;
}

static int do_list(struct store *store, int argc, char **argv, bool json)
{
	(void)argc;
	(void)argv;
	int r = machines_print_list(store, json);
	return r < 0 ? store_failed(r, "cannot read the store") : CLI_OK;
}

struct verb {
	const char *name;
	int words_min, words_max; /* behind it */
	bool json;                /* has a --json form */
	int (*run)(struct store *store, int argc, char **argv, bool json);
};

static const struct verb verbs[] = {
        {"list", 0, 0, true, do_list},
        {"add", 1, 2, false, do_add},
        {"import", 1, 1, false, do_import},
        {"remove", 1, 1, false, do_remove},
        {"hold", 1, 2, false, do_hold},
        {"release", 1, 1, false, do_release},
        {"discard", 1, 1, false, do_discard},
        {"show", 1, 1, true, do_show},
};

static const struct verb *find_verb(int argc, char **argv, bool json)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0 && argc - 2 >= verbs[i].words_min &&
		        argc - 2 <= verbs[i].words_max && (!json || verbs[i].json))
			return &verbs[i];
	return NULL;
}

int cli_machines(int argc, char **argv)
{
	char path[STATE_PATH_MAX];
	struct cli_options options;
	struct error err = {0};
	struct config config;
	struct store *store;

	if (cli_take_options(&argc, argv, &options) != CLI_OK)
		return CLI_USAGE;
	const struct verb *verb = find_verb(argc, argv, options.json);
	if (!verb)
		return cli_usage(
		        "machines list, add MAC [NAME], import FILE, remove, hold, release, "
		        "discard or show WHICH");
	if (cli_open_state(&options, &config) != CLI_OK)
		return CLI_FAILED;
	/* The caller's file, opened before the change of user. */
	if (verb->run == do_import && cli_open_input(argv[2]) != CLI_OK)
		return CLI_FAILED;
	if (cli_become(&config.web) != CLI_OK)
		return CLI_FAILED;
	state_path(path, config.state, "web/netmend.db");
	if (store_open(path, &store, &err) < 0)
		return cli_fail(&err);
	int status = verb->run(store, argc, argv, options.json);
	store_close(store);
	return status;
}
