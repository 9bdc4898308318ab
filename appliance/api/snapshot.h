/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET /api/v1/snapshot. Whoever asks waits for a look at the whole fleet that began after he asked;
 * all who ask meanwhile share the next one. It is taken in slices, so that machines are served in
 * between, and looking takes half of the time at most, however many ask.
 */
#ifndef API_SNAPSHOT_H
#define API_SNAPSHOT_H

#include "appliance/api/api.h"

/* The next slice, when somebody waits. Returns the ms until it has to be called again: 0, at once;
 * -1, when somebody asks. */
int web_api_snapshot_run(struct web_api *a, int64_t now);

/* Lets go of a look that everybody who waited for it has been given. */
void snapshots_forget(struct web_api *a, int64_t now);
void snapshots_free(struct snapshots *s);

#endif
