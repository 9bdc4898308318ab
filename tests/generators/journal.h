/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A volume as a crashed Windows leaves it: its journal is not clean and tells of changes that are,
 * partly or not at all, in place. Replaying gives the volume as it was after them.
 */
#ifndef GENERATORS_JOURNAL_H
#define GENERATORS_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

/* How much of what the journal tells is in place. */
enum gen_flushed { GEN_FLUSHED_ALL, GEN_FLUSHED_SOME, GEN_FLUSHED_NONE };

struct gen_crash {
	unsigned version;   /* of the journal: 1 (1.1) or 2 (2.0) */
	const char *before; /* the volume before the changes; NULL: the journal tells of none */
	enum gen_flushed flushed;
	/* The crash came before the transaction was complete. A replay leaves its changes alone:
	 * what is in place stays, though Windows would take it back. */
	bool incomplete;
	bool wraps;    /* the journal goes on at its beginning after the end of its file */
	uint64_t seed; /* of GEN_FLUSHED_SOME */
};

/*
 * The volume in file path, of 4096-byte clusters and not mounted, is that after the changes. Its
 * MFT records, index blocks and bitmaps that differ from before are written to the journal; those
 * not in place go back to what they were. What is in files stays. 0 or -errno (logged).
 */
int gen_journal_crash(const char *path, const struct gen_crash *crash);

#endif
