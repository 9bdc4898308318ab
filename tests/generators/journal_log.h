/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The content of $LogFile: records laid into pages, restart pages before them. */
#ifndef GENERATORS_JOURNAL_LOG_H
#define GENERATORS_JOURNAL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_PAGE 4096

struct journal_log {
	uint8_t *bytes; /* size */
	size_t size;    /* of $LogFile */
	unsigned version;
	size_t first;      /* where pages of records begin */
	size_t at;         /* where the next record goes */
	uint64_t round;    /* how often the log has begun anew */
	size_t used;       /* bytes of records */
	uint64_t start;    /* LSN of the checkpoint: where a replay begins */
	uint64_t last_end; /* LSN of the last record */
};

/* One change of a cluster, as in ntfs-3g's logfile.h. */
struct journal_change {
	uint16_t redo, undo; /* operations */
	uint64_t lcn, vcn;
	uint16_t cluster_index; /* where in the cluster, in units of 512 bytes */
	uint16_t offset;        /* there, in bytes */
	uint16_t acts_on;       /* 0, JOURNAL_ON_MFT or JOURNAL_ON_INDEX */
	const uint8_t *data;    /* for the redo, but when that is JOURNAL_DEALLOCATE */
	uint16_t len;           /* multiple of 8 */
};

#define JOURNAL_ON_MFT   2
#define JOURNAL_ON_INDEX 8

enum { /* operations */
	JOURNAL_NOOP = 0,
	JOURNAL_COMPENSATION = 1,
	JOURNAL_INITIALIZE = 2, /* a whole MFT record */
	JOURNAL_DEALLOCATE = 3, /* an MFT record is no longer in use */
	JOURNAL_UPDATE = 8,     /* bytes of an attribute in clusters */
	JOURNAL_FORGET = 27     /* the transaction is complete */
};

/* A log that begins with a checkpoint, at the end of the file when it is to wrap round. 0, -ENOMEM,
 * -EINVAL (too small). */
int journal_log_begin(struct journal_log *log, size_t size, unsigned version, bool wraps);
/* ret_lsn: of the record. 0, -ENOSPC. */
int journal_log_change(
        struct journal_log *log, const struct journal_change *change, uint64_t *ret_lsn);
/* The transaction's end when it is complete, restart pages, fixups: bytes are as on disk then. */
int journal_log_finish(struct journal_log *log, bool complete);
void journal_log_free(struct journal_log *log);

/* The update sequence array of a FILE, INDX, RCRD or RSTR record: puts it into its sectors (before
 * writing), or its sectors right (after reading; the size is the record's). */
void journal_protect(uint8_t *record);
void journal_unprotect(uint8_t *record);

#endif
