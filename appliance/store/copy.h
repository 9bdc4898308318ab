/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole store into another one, and into a file while it is in use. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "appliance/store/store.h"

struct store_progress {
	/* A table is done, or (done false) going on; NULL: nobody looks. */
	void (*told)(void *context, const char *table, int64_t rows, bool done);
	void *context;
};

/*
 * Copies every table of `from` as it is at this moment into `to`, which must be empty, and the
 * bundles of the folder (NULL: none) into the store. Counts the rows of both afterwards. Nothing is
 * in `to` when it fails. CANNOT_OPEN says which table, and why.
 */
int store_copy(struct store *from, struct store *to, const char *bundles,
        const struct store_progress *progress, struct error *err);

/* An SQLite file at path, where nothing may be yet, with everything of the store and the bundles of
 * the folder. Hinders nobody who writes. */
int store_backup(struct store *s, const char *path, const char *bundles,
        const struct store_progress *progress, struct error *err);

#endif
