/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of everything `netmend` can be told to do. */
#include "appliance/cli/verb.h"

/* Groups that are verbs stand side by side, so that --help shows them in one block. */
const struct cli_group cli_groups[] = {
        {"serve", "the appliance", serve_verbs, NULL},
        {"check", "configuration and host", check_verbs, NULL},
        {"preflight", "what would stop the first machine", preflight_verbs, NULL},
        {"progress", "how far the fleet is", progress_verbs, NULL},
        {"wire", "what is heard on the network", wire_verbs, NULL},
        {"machines", "the machines of the fleet", machines_verbs, NULL},
        {"inventory", "the machines there should be", inventory_verbs, NULL},
        {"campaign", "recovery in waves", campaign_verbs, NULL},
        {"store", "the fleet's memory", store_verbs, NULL},
        {"power", "servers through their management controllers", power_verbs, NULL},
        {"keys", "recovery keys in escrow", keys_verbs, NULL},
        {"release", "who may have a key", release_verbs, NULL},
        {"audit", "the records of key releases and of deeds", audit_verbs, NULL},
        {"user", "who may use the status page and the API", user_verbs, NULL},
        {"recipe", "what is repaired", recipe_verbs, NULL},
        {"media", "starting without the network", media_verbs, NULL},
        {"netboot", "what machines are started with", netboot_verbs, NULL},
        {"completion", "completion of these commands in a shell", completion_verbs, NULL},
        {0},
};
