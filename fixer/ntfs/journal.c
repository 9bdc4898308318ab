/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/internal.h"

#include <ntfs-3g/logfile.h>

bool journal_is_unclean(enum journal_state state)
{
	return state == JOURNAL_UNCLEAN_V1 || state == JOURNAL_UNCLEAN_V2;
}

static enum journal_state judge(ntfs_attr *log)
{
	RESTART_PAGE_HEADER *page = NULL;
	enum journal_state state;

	if (!ntfs_check_logfile(log, &page))
		return JOURNAL_DAMAGED;
	if (NVolLogFileEmpty(log->ni->vol))
		state = JOURNAL_EMPTY;
	/* A clean dismount goes back to 1.1. Format 2.0 means that a Windows still has, or had when
	 * it stopped, its own idea of the metadata, whatever the clean flag says. */
	else if (page && le16_to_cpu(page->major_ver) == 2)
		state = JOURNAL_UNCLEAN_V2;
	else
		state = ntfs_is_logfile_clean(log, page) ? JOURNAL_CLEAN : JOURNAL_UNCLEAN_V1;
	free(page);
	return state;
}

enum journal_state ntfs_journal_read(ntfs_volume *vol)
{
	enum journal_state state = JOURNAL_DAMAGED;
	ntfs_inode *ni = ntfs_inode_open(vol, FILE_LogFile);

	if (!ni)
		return state;
	ntfs_attr *log = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
	if (log) {
		state = judge(log);
		ntfs_attr_close(log);
	}
	(void)ntfs_inode_close(ni);
	return state;
}
