/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/power_pick.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACS_MAX 4 /* escrow takes no more (VAULT_BMC_MACS) */

int cli_power_filter(const struct cli_call *call, struct machine_filter *ret)
{
	int status = machines_filter(call, 0, NULL, ret);

	if (status == CLI_OK && !filter_is_empty(ret) && call->count > 0)
		status = cli_usage(
		        "machines by their names, or many by --site, --in-state, ...; not both");
	return status;
}

static int pick_named(const struct cli_call *call, struct store *store, struct machine_list *ret)
{
	size_t words = (size_t)call->count;

	ret->all = calloc(words + 1, sizeof(*ret->all));
	if (!ret->all)
		return machines_store_failed(-ENOMEM, "machines");
	for (size_t i = 0; i < words; i++) {
		struct machine *m = &ret->all[ret->count];
		if (machines_find_or_tell(store, call->words[i], m) != CLI_OK)
			return CLI_FAILED;
		bool twice = false;
		for (size_t k = 0; k < ret->count; k++)
			twice = twice || ret->all[k].id == m->id;
		ret->count += !twice;
	}
	return CLI_OK;
}

int cli_power_pick(const struct cli_call *call, struct store *store,
        const struct machine_filter *filter, struct machine_list *ret)
{
	*ret = (struct machine_list){0};
	if (filter_is_empty(filter))
		return pick_named(call, store, ret);
	int r = machines_collect(store, filter, ret);
	if (r < 0)
		return machines_store_failed(r, "cannot read the store");
	if (ret->count > 0)
		return CLI_OK;
	fputs("netmend: no machine is like that (see netmend machines list)\n", stderr);
	return CLI_FAILED;
}

int cli_power_number(const struct cli_call *call, const char *name, long otherwise, long least,
        long most, long *ret)
{
	const char *value = cli_value(call, name);
	char *end;

	*ret = otherwise;
	if (!value)
		return CLI_OK;
	*ret = strtol(value, &end, 10);
	if (*value >= '0' && *value <= '9' && !*end && *ret >= least && *ret <= most)
		return CLI_OK;
	fprintf(stderr, "netmend: %s takes a number from %ld to %ld (see netmend power --help)\n",
	        name, least, most);
	return CLI_USAGE;
}

struct mac_list {
	json_t *macs;
	bool failed;
};

static int add_mac(const char *mac, const struct machine *m, void *context)
{
	struct mac_list *l = context;

	(void)m;
	if (json_array_size(l->macs) < MACS_MAX &&
	        json_array_append_new(l->macs, json_string(mac)) < 0)
		l->failed = true;
	return 0;
}

json_t *cli_power_subject(struct store *store, const struct machine *m)
{
	struct mac_list l = {.macs = json_array()};
	char name[NM_MAX_NAME + 1];

	fleet_machine_name(m, name);
	if (!l.macs || store_macs(store, m->id, add_mac, &l) < 0 || l.failed) {
		json_decref(l.macs);
		return NULL;
	}
	return json_pack("{s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)m->id, "name", name, "uuid",
	        machine_uuid(m), "serial", machine_serial(m), "macs", l.macs);
}
