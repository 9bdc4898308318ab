/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What $LogFile's restart pages say about the volume. */
#ifndef NTFS_JOURNAL_H
#define NTFS_JOURNAL_H

#include <stdbool.h>

enum journal_state {
	JOURNAL_CLEAN,
	JOURNAL_UNCLEAN_V1, /* records of the 1.1 format wait to be replayed */
	JOURNAL_UNCLEAN_V2, /* format 2.0: mounted by Windows 8 or later when the machine stopped */
	JOURNAL_EMPTY,      /* never used, or emptied by a tool; nothing to replay */
	JOURNAL_DAMAGED,
};

/* Whether changes wait in it to be replayed. */
bool journal_is_unclean(enum journal_state state);

#endif
