/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stretching of recovery passwords for everybody: a few threads that do several passwords at once
 * where the processor can (bitlocker_lanes_*), in the order they were asked for, and remember the
 * results in locked memory: the same password and salt are never stretched twice while this process
 * lives (within the memory's size).
 */
#ifndef ESCROW_STRETCHER_H
#define ESCROW_STRETCHER_H

#include "fixer/bitlocker/bitlocker.h"

struct stretcher;

/* threads: 0 is one a processor. NULL without memory. */
struct stretcher *stretcher_new(unsigned threads);
/* Every caller inside, and each one after, gets -ESHUTDOWN at once. Before the callers' threads are
 * joined. */
void stretcher_stop(struct stretcher *s);
void stretcher_free(struct stretcher *s); /* nobody may be inside */

/* How many callers at the same time keep all of it busy. */
size_t stretcher_width(const struct stretcher *s);

/*
 * The stretched key of key (16 bytes) and salt; the caller owns *ret. Blocks. Served in the order
 * of `turn` (smaller first, equal ones as they come): a caller that tries a second password keeps
 * its turn. Two callers with the same question share one answer. -ENOMEM, -ESHUTDOWN.
 */
int stretcher_stretch(struct stretcher *s, const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN], uint64_t turn, struct secret **ret);

struct stretcher_load {
	size_t waiting;    /* not begun */
	double per_second; /* as measured over what was done last; before that, at the start */
};
void stretcher_load(struct stretcher *s, struct stretcher_load *ret);

#endif
