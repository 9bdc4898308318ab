/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which Windows an installation is, from its registry. */
#ifndef WINDOWS_VERSION_H
#define WINDOWS_VERSION_H

#include "fixer/ntfs/directory.h"

#define WINDOWS_TEXT 96
#define WINDOWS_PATH 260

/* All text is clean UTF-8 and "" when the registry does not say. */
struct windows_version {
	char product[WINDOWS_TEXT]; /* "Windows 11 Pro" */
	char edition[WINDOWS_TEXT]; /* "Professional" */
	char release[WINDOWS_TEXT]; /* "23H2"; "1909" before 20H2; "Service Pack 1" before 10 */
	char installation[WINDOWS_TEXT]; /* "Client", "Server", "Server Core", ... */
	uint32_t build, revision;        /* 22631 and 3880; 0 unknown */
	char computer[WINDOWS_TEXT];     /* computer name */
	bool dirty; /* a hive was not written back whole when Windows stopped: as of its last flush
	             */
	char problem[160]; /* why something is missing; "" when nothing is wrong */

	/* Where it puts its crash dumps, in its own words ("%SystemRoot%\MEMORY.DMP"), and where it
	 * thinks it is ("C:\Windows"). */
	char dump_file[WINDOWS_PATH], minidump_folder[WINDOWS_PATH], system_root[WINDOWS_PATH];
};

/* Reads the SOFTWARE and SYSTEM hives of the installation whose directory is root. scratch: of
 * hive_scratch(). What cannot be read is unknown; never fails. In a child process of its own. */
void windows_version_read(
        struct ntfs_view *view, uint64_t root, int scratch, struct windows_version *ret);

/* ProductName still says "Windows 10" on Windows 11 (Microsoft never changed it): puts that right
 * in v->product for clients from build 22000 on. */
void windows_product_correct(struct windows_version *v);

#endif
