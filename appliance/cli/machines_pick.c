/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machines a person at the command line means. */
#include "appliance/cli/machines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct cli_option machines_filter_options[] = {MACHINES_FILTER_OPTIONS, {0}};
const struct cli_option machines_act_options[] = {MACHINES_FILTER_OPTIONS,
        {"--why", "TEXT", "for the page and the record"},
        {"--yes", NULL, "do not ask before many machines"}, {0}};

int machines_store_failed(int code, const char *what)
{
	struct error err = {0};

	(void)error_set(&err, code, REASON_CANNOT_OPEN, "%s: %s", what,
	        code == -EBUSY ? "the store is busy, try again" : strerror(-code));
	return cli_fail(&err);
}

struct search {
	const char *word;
	struct machine found;
	int count;
};

static int search_each(const struct machine *m, void *context)
{
	struct search *s = context;

	if (strcasecmp(m->name, s->word) != 0 && strcasecmp(machine_serial(m), s->word) != 0 &&
	        strcasecmp(machine_uuid(m), s->word) != 0)
		return 0;
	s->found = *m;
	s->count++;
	return 0;
}

int machines_find(struct store *store, const char *which, struct machine *ret)
{
	struct search search = {.word = which};
	char mac[MAC_TEXT], *end;

	if (!which[0])
		return -ENOENT;
	if (mac_normalise(which, mac) == 0)
		return store_machine_by_mac(store, mac, ret);
	errno = 0;
	long long id = strtoll(which, &end, 10);
	if (end != which && *end == '\0' && errno == 0 && store_machine_get(store, id, ret) == 0)
		return 0;
	int r = store_machines(store, -1, 0, search_each, &search);
	if (r < 0)
		return r;
	if (search.count != 1)
		return search.count ? -ENOTUNIQ : -ENOENT;
	*ret = search.found;
	return 0;
}

int machines_find_or_tell(struct store *store, const char *which, struct machine *ret)
{
	int r = machines_find(store, which, ret);

	if (r == -ENOENT)
		fprintf(stderr, "netmend: no machine %s (see netmend machines list)\n", which);
	else if (r == -ENOTUNIQ)
		fprintf(stderr,
		        "netmend: several machines are called %s: name one by MAC or number\n",
		        which);
	else if (r < 0)
		return machines_store_failed(r, which);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static int filter_failed(int r, const struct error *err)
{
	return r == -ENOMEM ? machines_store_failed(r, "filter") : cli_usage(err->text);
}

/* The filter's name of it: --state is where netmend keeps its files, and names have no dash. */
static const char *key_of(const struct cli_option *o)
{
	if (strcmp(o->name, "--network-first") == 0)
		return "network_first";
	if (strcmp(o->name, "--safe-mode") == 0)
		return "safe_mode";
	return o->name + (strncmp(o->name, "--in-", 5) == 0 ? 5 : 2);
}

int machines_filter(
        const struct cli_call *call, int count, char **words, struct machine_filter *ret)
{
	struct error err = {0};
	char key[16];

	*ret = (struct machine_filter){0};
	for (const struct cli_option *o = machines_filter_options; o->name; o++) {
		const char *value;
		for (size_t n = 0; (value = cli_value_at(call, o->name, n)); n++) {
			int r = filter_add(ret, key_of(o), o->value ? value : "1", &err);
			if (r < 0)
				return filter_failed(r, &err);
		}
	}
	for (int i = 0; i < count; i++) {
		const char *equals = strchr(words[i], '=');
		size_t len = equals ? (size_t)(equals - words[i]) : strlen(words[i]);
		if (len >= sizeof(key))
			return cli_usage("machines are chosen by words such as site=Bern");
		(void)snprintf(key, sizeof(key), "%.*s", (int)len, words[i]);
		int r = filter_add(ret, key, equals ? equals + 1 : "1", &err);
		if (r < 0)
			return filter_failed(r, &err);
	}
	return CLI_OK;
}

struct collection {
	const struct machine_filter *filter;
	struct machine_list *list;
};

static int collect(const struct machine *m, void *context)
{
	struct collection *c = context;
	struct machine_list *list = c->list;

	if (!machine_matches(c->filter, m))
		return 0;
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct machine *all = reallocarray(list->all, room, sizeof(*all));
		if (!all)
			return -ENOMEM;
		list->all = all;
		list->room = room;
	}
	list->all[list->count++] = *m;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct machine *x = a, *y = b;
	int order = strverscmp(x->name, y->name);

	return order ? order : strcmp(x->mac, y->mac);
}

int machines_collect(
        struct store *store, const struct machine_filter *filter, struct machine_list *ret)
{
	struct machine_list list = {0};
	struct collection c = {.filter = filter, .list = &list};
	int r = store_machines(store, -1, 0, collect, &c);

	if (r < 0) {
		free(list.all);
		return r;
	}
	if (list.count)
		qsort(list.all, list.count, sizeof(*list.all), by_name);
	*ret = list;
	return 0;
}
