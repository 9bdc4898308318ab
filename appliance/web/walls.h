/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this process gives up once everything is open: it is the one that strangers talk to. */
#ifndef WEB_WALLS_H
#define WEB_WALLS_H

#include "appliance/store/store.h"
#include "appliance/web/web.h"

/* From now on: the files of the options (store, bundles and answer list to write to, the rest to
 * read), what a connection to the store's server needs when it is made anew, connections on sockets
 * it has, connections outwards; no program, no other process, no new listening socket. A kernel
 * without Landlock is told of. 0 or -errno. */
int web_walls_raise(
        const struct web_options *options, const struct store *store, struct error *err);

#endif
