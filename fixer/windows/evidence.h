/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an installation tells about its last crash, and how old the files beside the recipe's are: a
 * hint for people, never a gate. In a child process of its own.
 */
#ifndef WINDOWS_EVIDENCE_H
#define WINDOWS_EVIDENCE_H

#include "fixer/windows/dump.h"
#include "fixer/windows/recipe.h"
#include "fixer/windows/version.h"

/*
 * Windows writes a dump into the sectors of pagefile.sys first. When it starts the next time it
 * cuts that file to the dump, calls it DUMPxxxx.tmp, and much later makes MEMORY.DMP and a small
 * dump of it ("Windows Internals"; not seen here): in a boot loop only the first may be of this
 * crash.
 */
enum crash_source { CRASH_NONE, CRASH_MEMORY, CRASH_MINIDUMP, CRASH_PAGEFILE };
#define CRASH_SOURCE_LAST CRASH_PAGEFILE

/* "", "MEMORY.DMP", "minidump", "pagefile.sys": for people and JSON. Static. */
const char *crash_source_name(enum crash_source source);

/* The newest dump. */
struct windows_crash {
	enum crash_source source; /* NONE: nothing else here is set */
	char path[WINDOWS_PATH];  /* true, from the volume's root; clean UTF-8 */
	struct dump dump;
};

/* A directory of the recipe: its files that no glob of the recipe fits. */
struct windows_folder {
	char directory[WINDOWS_PATH]; /* true, from the volume's root; clean UTF-8 */
	uint32_t files;
	uint64_t newest, oldest; /* modified, FILETIME; 0 when there are no files */
};

struct windows_evidence {
	struct windows_crash crash;
	size_t folder_count;
	struct windows_folder folders[RECIPE_MATCHES_MAX];
	char problem[160]; /* the first thing that was there but could not be read, clean; "" */
};

/* root: directory of the installation, whose version (and crash dump places) are known as far as
 * they are; recipe: NULL looks at no directory. What cannot be read is left out; never fails. */
void windows_evidence_read(struct ntfs_view *view, uint64_t root,
        const struct windows_version *version, const struct recipe *recipe,
        struct windows_evidence *ret);

/* The halves of it; each adds to *ret, a problem only when there is none yet. */
void windows_crash_read(struct ntfs_view *view, uint64_t root,
        const struct windows_version *version, struct windows_evidence *ret);
void windows_folders_read(struct ntfs_view *view, uint64_t root, const struct recipe *recipe,
        struct windows_evidence *ret);

#endif
