/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend machines`: the verbs, and how machines are named and shown, for other verbs too. */
#ifndef CLI_MACHINES_H
#define CLI_MACHINES_H

#include "appliance/cli/verb.h"
#include "appliance/fleet/filter.h"

int machines_act(const struct cli_call *call); /* every verb that decides about machines */
int machines_loader(const struct cli_call *call);

/* For the table of a verb that picks machines. */
#define MACHINES_FILTER_OPTIONS                                                                  \
	{"--in-state", "STATE", "in this state: seen, waiting, attention, held, ..."},           \
	        {"--reason", "REASON", "for this reason: KEY_NOT_FOUND, RELAPSED, ..."},         \
	        {"--severity", "ok|wait|warn|fail", "of this severity"},                         \
	        {"--group", "GROUP", "as the page groups them: action, approval, waiting, ..."}, \
	        {"--site", "SITE", "at this site"}, {"--floor", "FLOOR", "on this floor"},       \
	        {"--owner", "OWNER", "of this owner"}, {"--ring", "RING", "in this ring"},       \
	        {"--campaign", "NUMBER", "in this campaign"},                                    \
	        {"--wave", "NUMBER", "in this wave of its campaign"},                            \
	        {"--appliance", "ID", "served by this appliance last"},                          \
	        {"--text", "TEXT", "this is part of name, MAC, serial, UUID or address"},        \
	        {"--unknown", NULL, "seen, but in no inventory"},                                \
	        {"--conflict", NULL, "does not fit its inventory line"},                         \
	        {"--missing", NULL, "in the inventory, never seen"},                             \
	        {"--network-first", NULL, "its firmware tries the network before Windows"},      \
	{                                                                                        \
		"--safe-mode", NULL, "its Windows is set to start in safe mode"                  \
	}

extern const struct cli_option machines_filter_options[]; /* --site SITE and its siblings */
extern const struct cli_option machines_act_options[];    /* these, --why and --yes */
extern const struct cli_option machines_loader_options[]; /* --model MODEL */

/* ---- which machines ---- */

/* By MAC, number, name, serial or UUID. 0; -ENOENT; -ENOTUNIQ for a word that several machines go
 * by; what the store says. */
int machines_find(struct store *store, const char *which, struct machine *ret);
/* The same; prints why not. CLI_OK or CLI_FAILED. */
int machines_find_or_tell(struct store *store, const char *which, struct machine *ret);

/* The filter of a call's options and of `count` of its words, each "site=Bern". CLI_OK, or
 * CLI_USAGE and printed; filter_free() in either case. */
int machines_filter(
        const struct cli_call *call, int count, char **words, struct machine_filter *ret);

struct machine_list {
	struct machine *all;
	size_t count, room;
};
/* Those the filter means, in order of name; free() what `all` points to. 0 or -errno. */
int machines_collect(
        struct store *store, const struct machine_filter *filter, struct machine_list *ret);

/* ---- shown ---- */

/* Prints "netmend: what: why" for an errno of the store. CLI_FAILED. */
int machines_store_failed(int code, const char *what);
/* On standard output: a table, or with json an array of objects. CLI_OK or CLI_FAILED. */
int machines_print_list(const struct machine_list *list, bool json);
/* One machine with its timeline; bundles: web's folder of saved repairs; first: the boot program
 * all get (struct fleet). 0 or -errno. */
int machines_print_one(struct store *store, const struct machine *m, const char *bundles,
        enum machine_loader first, bool json);

/* "power" of fleet_show(): its controller and its latest order (machines_power.c). */
void machines_print_power(const json_t *power);

/* ---- its saved repairs (machines_saved.c) ---- */

extern const struct cli_option machines_sectors_options[], machines_bundle_options[];
int machines_sectors(const struct cli_call *call);
int machines_bundle(const struct cli_call *call);
/* Prints on a line what it changes on the disk, or why that cannot be told; bundle: as fleet_show()
 * has it. */
void machines_print_changed(struct store *store, const char *bundles, const json_t *bundle);

#endif
