/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of a saved repair, wherever they are. */
#ifndef SAVED_SAVED_H
#define SAVED_SAVED_H

#include "appliance/store/store.h"
#include "fixer/base/cleanup.h"

/* The name of its file in web's folder of bundles. */
#define SAVED_NAME 80
void saved_name(const char *sha256, char ret[SAVED_NAME]);

/* Opened for reading: its file in the directory, or, when it is in the store
 * (store_keeps_bundles()), a file without a name there, which saved_go_on() fills. Both borrowed. 0
 * or -errno. */
struct saved;
int saved_open(struct store *s, const char *directory, const struct store_bundle *bundle,
        struct saved **ret);
void saved_free(struct saved *f); /* NULL is fine */
DEFINE_CLEANUP(struct saved *, saved_free)

/* Brings the next megabyte: 1, there is more to do; 0, all bytes are there; -ENOENT: they are
 * nowhere; -EIO: not as many as its size; else what the store says. */
int saved_go_on(struct saved *f);

/* Its descriptor, read from the beginning; stays this one's. */
int saved_fd(const struct saved *f);

#endif
