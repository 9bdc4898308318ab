/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of `netmend power`. */
#include "appliance/cli/machines.h"
#include "appliance/cli/power.h"

static const struct cli_option import_options[] = {
        {"--dry-run", NULL, "only says what it would do"},
        {0},
};
static const struct cli_option login_options[] = {
        {"--group", "GROUP", "for the controllers of this group; without it the default login"},
        {"--user", "USER", "the user; the password is typed, or a line of standard input"},
        {"--remove", NULL, "take the login away"},
        {0},
};
static const struct cli_option look_options[] = {
        MACHINES_FILTER_OPTIONS,
        {"--at-once", "NUMBER", "so many at a time, 1 to 256; 64 unless told"},
        {0},
};

#define ACT_OPTIONS                                                                             \
	{"--dry-run", NULL, "shows what would be done with each, and changes nothing"},         \
	        {"--yes", NULL, "do not ask"},                                                  \
	        {"--force", NULL,                                                               \
	                "also machines that answer as alive, whoever works on them; never one " \
	                "whose repair runs"},                                                   \
	        {"--why", "TEXT", "for the page and the record"},                               \
	        {"--at-once", "NUMBER", "so many at a time, 20 unless told; 0: no limit"},      \
	        {"--per-rack", "NUMBER",                                                        \
	                "so many of a rack at a time, 2 unless told; 0: no limit"},             \
	        {"--per-feed", "NUMBER",                                                        \
	                "so many of a power feed at a time; no limit unless told"},             \
	{                                                                                       \
		"--watch", NULL, "follow the orders to their end, and show who failed and why"  \
	}

static const struct cli_option act_options[] = {MACHINES_FILTER_OPTIONS, ACT_OPTIONS, {0}};
static const struct cli_option media_options[] = {MACHINES_FILTER_OPTIONS,
        {"--image", "URL", "an ISO that the controllers can reach; else the appliance's own"},
        ACT_OPTIONS, {0}};
static const struct cli_option orders_options[] = {
        {"--open", NULL, "those that have not come to their end"},
        {"--last", "NUMBER", "so many, the newest first; 200 unless told"},
        {0},
};
static const struct cli_option stop_options[] = {MACHINES_FILTER_OPTIONS,
        {"--all", NULL, "of all machines"}, {"--why", "TEXT", "for the page and the record"}, {0}};

const struct cli_verb power_verbs[] = {
        {"import", "FILE", 1, 1, 0, import_options, "management controllers from CSV into escrow",
                power_import},
        {"list", "", 0, 0, CLI_JSON | CLI_WATCH, NULL, "the controllers that are known",
                power_list},
        {"login", "", 0, 0, 0, login_options, "the login of a group, or the default one",
                power_login},
        {"logins", "", 0, 0, CLI_JSON | CLI_WATCH, NULL, "which logins there are", power_logins},
        {"remove", "MACHINE", 1, 1, 0, NULL, "forget a machine's controller", power_remove},
        {"forget-certificate", "MACHINE", 1, 1, 0, NULL,
                "after its certificate was changed on purpose", power_forget},
        {"check", "[MACHINE...]", 0, CLI_MANY, CLI_JSON, look_options,
                "asks every controller that is known, or these machines': who would fail, and why",
                cli_power_check},
        {"status", "[MACHINE...]", 0, CLI_MANY, CLI_JSON | CLI_WATCH, look_options,
                "on or off, and where it would start from", cli_power_check},
        {"boot", "[MACHINE...]", 0, CLI_MANY, CLI_JSON, act_options,
                "off, and started from the network once: to be repaired", cli_power_act},
        {"media", "[MACHINE...]", 0, CLI_MANY, CLI_JSON, media_options,
                "off, and started from an image once, where the network does not do",
                cli_power_act},
        {"eject", "[MACHINE...]", 0, CLI_MANY, CLI_JSON, act_options,
                "takes that image out; the power stays as it is", cli_power_act},
        {"on", "[MACHINE...]", 0, CLI_MANY, CLI_JSON, act_options, "switched on", cli_power_act},
        {"off", "[MACHINE...]", 0, CLI_MANY, CLI_JSON, act_options,
                "switched off, hard: nothing is saved", cli_power_act},
        {"cycle", "[MACHINE...]", 0, CLI_MANY, CLI_JSON, act_options,
                "switched off, hard, and on again; it starts as set up", cli_power_act},
        {"orders", "", 0, 0, CLI_JSON | CLI_WATCH, orders_options,
                "what was ordered, and how far each is", cli_power_orders},
        {"stop", "[MACHINE...]", 0, CLI_MANY, 0, stop_options,
                "orders that wait are given up; what is under way goes on to its end",
                cli_power_stop},
        {0},
};
