/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine's saved repair, found by what was typed, for the verbs about it. */
#ifndef CLI_MACHINES_SAVED_H
#define CLI_MACHINES_SAVED_H

#include "appliance/cli/machines.h"
#include "appliance/saved/saved.h"

/* What a verb works on. Zero before; machines_saved_close() after, also when that failed. */
struct machines_saved {
	struct store *store;
	struct machine machine;
	struct store_bundle bundle;
	struct saved *saved; /* with all its bytes */
};

/* The one --sha256 names, or the newest, of the machine that is the first word. Prints why not. */
int machines_saved_open(const struct cli_call *call, struct machines_saved *ret);
void machines_saved_close(struct machines_saved *o);

/* A bundle with all its bytes, saved_free() after. 0 or an errno as saved_go_on() has them. */
int machines_saved_whole(struct store *store, const char *bundles,
        const struct store_bundle *bundle, struct saved **ret);

#endif
