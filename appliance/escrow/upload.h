/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files of one import of keys that comes through the status page, put together in locked memory
 * until they are stored, dropped or given up. One import at a time. Safe between threads; now is
 * clock_steady().
 */
#ifndef ESCROW_UPLOAD_H
#define ESCROW_UPLOAD_H

#include "appliance/escrow/message_keys.h"

#include <stdbool.h>

struct upload;

struct upload *upload_new(void); /* NULL without memory */
void upload_free(struct upload *u);

/*
 * Takes a part, in any order, the same one twice if need be; the first one of an import begins it.
 * -EBUSY REASON_NOT_NOW: another import is running, or this one is looked at already; -EBADMSG: of
 * other files than the parts before; -ENOENT: it ended just now; -ENOMEM: so much cannot be locked.
 */
int upload_part(struct upload *u, const struct keys_order *o, int64_t now, struct error *err);

/* What came together. The caller's alone between upload_open() and upload_close(). */
struct upload_content {
	const struct secret *bytes;
	size_t file_count; /* 0 until it was looked at; their sizes together are all bytes */
	struct keys_file files[NM_MAX_KEYS_FILES];
	char sha256[KEYS_SHA256_TEXT];
};

/* *ret is the upload's; who looks at it fills in the files. -ENOENT REASON_NOT_FOUND: no such
 * import (any more); -EBUSY; -EAGAIN REASON_VALUE_BAD: a part is missing, which is named. */
int upload_open(
        struct upload *u, const char *import, struct upload_content **ret, struct error *err);
/* After an upload_open() that succeeded. done: wiped; else it waits for what comes next. */
void upload_close(struct upload *u, bool done, int64_t now);

/* Wipes it; fine when it is not there. Not while it is open: -EBUSY. */
int upload_drop(struct upload *u, const char *import, struct error *err);

/* Wipes what nobody goes on with. */
void upload_tick(struct upload *u, int64_t now);

#endif
