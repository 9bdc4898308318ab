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
                power_check},
        {"status", "[MACHINE...]", 0, CLI_MANY, CLI_JSON | CLI_WATCH, look_options,
                "on or off, and where it would start from", power_check},
        {0},
};
