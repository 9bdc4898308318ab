/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a manifest says was changed on a disk, for people. The text is hostile. */
#ifndef SAVED_SECTORS_H
#define SAVED_SECTORS_H

#include "appliance/store/store.h"
#include "fixer/base/error.h"

#include <jansson.h>
#include <stddef.h>

/* Ranges that are told one by one, the first ones; the sums are of all. */
#define SECTORS_RANGES_MAX 512

/* The answer of GET /api/v1/machines/{id}/bundles/{sha256}/sectors (include/netmend/README.md) of a
 * bundle whose bytes fd has; json_decref() it. NULL, and err says why: BUNDLE_BAD, CANNOT_OPEN,
 * OUT_OF_MEMORY. */
json_t *sectors_of(const struct store_bundle *bundle, int fd, struct error *err);

/* "program", "host", "recipe", "plan", "journal", "disk", "partition", "volume", "sectors",
 * "places", "bytes", "kinds", "ranges", "truncated" and "files" of it into `into`. BUNDLE_BAD, and
 * into may have some of them then; OUT_OF_MEMORY. */
int sectors_tell(const char *text, size_t len, json_t *into, struct error *err);

#endif
