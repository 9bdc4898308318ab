/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend machines`: the operator's look at the store web uses, and machines put on its list. */
#include "appliance/cli/machines.h"
#include "appliance/fleet/operator.h"
#include "appliance/fleet/slice.h"
#include "appliance/supervisor/loaders.h"
#include "appliance/supervisor/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 512

static int no_mac(const char *word)
{
	fprintf(stderr, "netmend: %.40s is not the MAC address of a network card\n", word);
	return CLI_FAILED;
}

static int add_one(
        const struct cli_call *call, struct store *store, const char *mac, const char *name)
{
	char normal[MAC_TEXT];
	int64_t id;

	if (mac_normalise(mac, normal) < 0)
		return no_mac(mac);
	int r = fleet_add(store, &call->actor, mac, name, &id);
	if (r < 0)
		return machines_store_failed(r, mac);
	printf("%s %s is on the list (number %" PRId64 ")\n", normal, name ? name : "", id);
	return CLI_OK;
}

static int add_words(const struct cli_call *call, struct store *store, void *context)
{
	(void)context;
	return add_one(call, store, call->words[0], call->count > 1 ? call->words[1] : NULL);
}

static int machines_add(const struct cli_call *call)
{
	char mac[MAC_TEXT];

	if (call->count > 0 && mac_normalise(call->words[0], mac) == 0)
		return cli_with_store(call, add_words, NULL);
	/* One that is known already goes by any of its names; it needs no other. */
	return call->count > 1 ? no_mac(call->words[0]) : machines_act(call);
}

/* "MAC", "MAC,NAME" or "MAC NAME"; a line without a MAC as first word is an error, but for an empty
 * one, a comment, and the first, which may be a heading. */
static int import_line(const struct cli_call *call, struct store *store, char *line, int number)
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
	return add_one(call, store, line, name[0] ? name : NULL);
}

static int import_all(const struct cli_call *call, struct store *store, void *context)
{
	struct slice slice = slice_begin();
	char line[LINE_MAX_LEN];
	int number = 0, failed = 0;

	(void)context;
	while (fgets(line, sizeof(line), stdin)) {
		number++;
		if (!strchr(line, '\n') && !feof(stdin)) {
			fprintf(stderr, "netmend: line %d is too long: stopped there\n", number);
			return CLI_FAILED;
		}
		if (import_line(call, store, line, number) != CLI_OK) {
			fprintf(stderr, "netmend: line %d was left out\n", number);
			failed++;
		}
		if (slice_is_over(&slice)) {
			slice_pause();
			slice = slice_begin();
		}
	}
	if (ferror(stdin))
		return machines_store_failed(-EIO, "cannot read the file");
	return failed ? CLI_FAILED : CLI_OK;
}

static int machines_import(const struct cli_call *call)
{
	/* The caller's file, opened before the change of user. */
	if (cli_open_input(call->words[0]) != CLI_OK)
		return CLI_FAILED;
	return cli_with_store(call, import_all, NULL);
}

static int machines_show(const struct cli_call *call)
{
	char bundles[STATE_PATH_MAX];
	struct config config;
	struct store *store;
	struct machine m;

	if (cli_open_store(&call->options, &config, &store) != CLI_OK)
		return CLI_FAILED;
	state_path(bundles, config.state, STATE_BUNDLES);
	int status = machines_find_or_tell(store, call->words[0], &m);
	if (status == CLI_OK) {
		int first = fleet_loader_parse(loaders_first_name(&config));
		int r = machines_print_one(
		        store, &m, bundles, (enum machine_loader)first, call->options.json);
		status = r < 0 ? machines_store_failed(r, call->words[0]) : CLI_OK;
	}
	store_close(store);
	return status;
}

static int list(const struct cli_call *call, struct store *store, void *context)
{
	struct machine_list all = {0};
	int r = machines_collect(store, context, &all);
	int status = r < 0 ? machines_store_failed(r, "cannot read the store")
	                   : machines_print_list(&all, call->options.json);

	free(all.all);
	return status;
}

static int machines_list(const struct cli_call *call)
{
	struct machine_filter filter;
	int status = machines_filter(call, call->count, call->words, &filter);

	if (status == CLI_OK)
		status = cli_with_store(call, list, &filter);
	filter_free(&filter);
	return status;
}

const struct cli_verb machines_verbs[] = {
        {"list", "[KEY=VALUE...]", 0, CLI_GIVEN_MAX, CLI_JSON | CLI_WATCH, machines_filter_options,
                "every machine and how far it is, or those of site=Bern, state=attention and so on",
                machines_list},
        {"add", "MAC [NAME]", 0, 2, 0, machines_act_options,
                "put on the list: it is repaired when it boots", machines_add},
        {"import", "FILE", 1, 1, 0, NULL, "the same for a file of lines MAC[,NAME]",
                machines_import},
        {"remove", "[MACHINE]", 0, 1, 0, machines_act_options, "take off the list", machines_act},
        {"hold", "[MACHINE] [WHY]", 0, 2, 0, machines_act_options, "stop it: no boot, no key",
                machines_act},
        {"release", "[MACHINE]", 0, 1, 0, machines_act_options, "end a hold", machines_act},
        {"retry", "[MACHINE]", 0, 1, 0, machines_act_options,
                "it failed, or came back after its repair: let it boot once more", machines_act},
        {"discard", "[MACHINE]", 0, 1, 0, machines_act_options,
                "start over without its interrupted repair", machines_act},
        {"set-back", "[MACHINE]", 0, 1, 0, machines_act_options,
                "its firmware tries Windows before the network again", machines_act},
        {"normal-start", "[MACHINE]", 0, 1, 0, machines_act_options,
                "its Windows is not set to safe mode any more", machines_act},
        {"loader", "[MACHINE] [auto|ipxe|shim]", 0, 2, 0, machines_loader_options,
                "which boot program UEFI firmware gets; without words: what was said of models",
                machines_loader},
        {"show", "MACHINE", 1, 1, CLI_JSON | CLI_WATCH, NULL, "everything known about it",
                machines_show},
        {"sectors", "MACHINE", 1, 1, CLI_JSON, machines_sectors_options,
                "what its saved repair changes on the disk, to the sector", machines_sectors},
        {"bundle", "MACHINE FILE", 2, 2, 0, machines_bundle_options,
                "its saved repair into a file, which is new; recorded", machines_bundle},
        {0},
};
