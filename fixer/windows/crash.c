/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The newest crash dump of an installation, wherever Windows may have left it. */
#include "fixer/base/text.h"
#include "fixer/ntfs/file.h"
#include "fixer/windows/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DUMP_FILE       "%SystemRoot%\\MEMORY.DMP" /* where Windows puts them when not told */
#define MINIDUMP_FOLDER "%SystemRoot%\\Minidump"
#define MINIDUMP_GLOB   "*.dmp"
#define PAGING_GLOB     "DUMP*.tmp" /* in the root: what was pagefile.sys, until MEMORY.DMP is made */
#define FILES_TRIED     3           /* of those a glob fits the newest ones, until one is good */

/* Dumps of one crash have times so close. */
#define SAME_CRASH (60 * 10000000ull)

struct search {
	struct ntfs_view *view;
	uint64_t root;
	const struct windows_version *version;
	struct windows_evidence *found;
};

const char *crash_source_name(enum crash_source source)
{
	static const char *const names[] = {[CRASH_NONE] = "",
	        [CRASH_MEMORY] = "MEMORY.DMP",
	        [CRASH_MINIDUMP] = "minidump",
	        [CRASH_PAGEFILE] = "pagefile.sys"};

	return names[source];
}

/* --- one file -------------------------------------------------------------------------------- */

struct dump_file {
	struct ntfs_view *view;
	uint64_t reference;
};

static int read_file(void *context, uint64_t offset, void *buf, size_t len)
{
	const struct dump_file *f = context;

	return ntfs_file_read(f->view, f->reference, offset, buf, len);
}

static int true_path(struct ntfs_view *view, uint64_t ref, char ret[WINDOWS_PATH])
{
	char *name = NULL, dir[WINDOWS_PATH], whole[WINDOWS_PATH + 4 * NTFS_NAME_MAX];
	uint64_t parent;

	int r = ntfs_parent(view, ref, &parent, &name);
	if (r == 0)
		r = ntfs_path(view, parent, dir, sizeof(dir));
	if (r == 0) {
		(void)snprintf(whole, sizeof(whole), "%s\\%s", dir, name);
		text_clean(ret, WINDOWS_PATH, whole);
	}
	free(name);
	return r;
}

/* The newer; of two dumps of the same crash the one that names the module. */
static bool is_better(const struct windows_crash *c, const struct windows_crash *best)
{
	const struct dump *a = &c->dump, *b = &best->dump;

	if (best->source == CRASH_NONE)
		return true;
	uint64_t apart = a->time > b->time ? a->time - b->time : b->time - a->time;
	if (a->code == b->code && apart < SAME_CRASH && !a->module[0] != !b->module[0])
		return a->module[0];
	return a->time > b->time;
}

static void note_problem(struct search *s, const char *path, int r)
{
	char *problem = s->found->problem;

	if (!problem[0])
		(void)snprintf(problem, sizeof(s->found->problem), "%.120s %s", path,
		        r == -EBADMSG ? "is no crash dump that can be read" : "cannot be read");
}

/* A paging file that holds no dump is as it should be, and one of another Windows on the same
 * volume says nothing of this one. */
static int try_file(struct search *s, uint64_t ref, enum crash_source source)
{
	struct dump_file f = {s->view, ref};
	struct windows_crash c = {.source = source};
	struct ntfs_file file;

	int r = ntfs_file_stat(s->view, ref, &file);
	if (r == 0)
		r = true_path(s->view, ref, c.path);
	const struct dump_source whole = {read_file, &f, file.size};
	if (r == 0)
		r = dump_read(&whole, &c.dump);
	bool paging = source == CRASH_PAGEFILE;
	if (r < 0 && !(paging && r == -EBADMSG))
		note_problem(s, c.path[0] ? c.path : crash_source_name(source), r);
	if (paging && r == 0 && s->version->build && s->version->build != c.dump.build)
		return -ESRCH;
	if (r == 0 && is_better(&c, &s->found->crash))
		s->found->crash = c;
	return r;
}

/* --- where they are -------------------------------------------------------------------------- */

/* Takes prefix off the front of *path, any case. */
static bool skip_prefix(const char **path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncasecmp(*path, prefix, len) != 0)
		return false;
	*path += len;
	return true;
}

/* What a path of the registry names: -EXDEV when that is on another volume. Drive letters are
 * Windows' own business; the one it is itself on is known. */
static int resolve(struct search *s, const char *path, uint64_t *ret)
{
	const char *own = s->version->system_root;
	char drive[3] = "C:";

	if (own[0] && own[1] == ':')
		drive[0] = own[0];
	if (skip_prefix(&path, "%SystemRoot%\\"))
		return ntfs_resolve(s->view, s->root, path, ret);
	if (!skip_prefix(&path, "%SystemDrive%") && !skip_prefix(&path, drive))
		return -EXDEV;
	return ntfs_resolve(s->view, ntfs_root(), path, ret);
}

static bool is_missing(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

static void try_dump_file(struct search *s)
{
	const char *named = s->version->dump_file[0] ? s->version->dump_file : DUMP_FILE;
	uint64_t ref;

	int r = resolve(s, named, &ref);
	if (r == 0)
		(void)try_file(s, ref, CRASH_MEMORY);
	else if (!is_missing(r) && r != -EXDEV)
		note_problem(s, named, r);
}

struct candidate {
	uint64_t reference, modified;
};

/* Keeps the newest ones, newest first. */
static void keep(struct candidate newest[FILES_TRIED], struct candidate c)
{
	for (size_t i = 0; i < FILES_TRIED; i++) {
		if (c.modified <= newest[i].modified)
			continue;
		struct candidate moved = newest[i];
		newest[i] = c;
		c = moved;
	}
}

static int find_newest(
        struct search *s, uint64_t folder, const char *glob, struct candidate newest[FILES_TRIED])
{
	struct ntfs_listing listing;
	struct ntfs_file file;

	int r = ntfs_list(s->view, folder, &listing);
	if (r < 0)
		return r;
	for (size_t i = 0; i < listing.count; i++) {
		const struct ntfs_entry *e = &listing.entries[i];
		if (e->name_type != NTFS_NAME_DOS &&
		        recipe_glob_match(glob, e->name, e->name_len, ntfs_view_upcase(s->view)) &&
		        ntfs_file_stat(s->view, e->reference, &file) == 0 && !file.is_directory)
			keep(newest, (struct candidate){e->reference, file.modified});
	}
	ntfs_listing_free(&listing);
	return 0;
}

static int try_newest(struct search *s, uint64_t folder, const char *glob, enum crash_source source)
{
	struct candidate newest[FILES_TRIED] = {0};

	int r = find_newest(s, folder, glob, newest);
	for (size_t i = 0; i < FILES_TRIED && newest[i].reference != 0; i++)
		if (try_file(s, newest[i].reference, source) == 0)
			break;
	return r;
}

static void try_minidumps(struct search *s)
{
	const char *named =
	        s->version->minidump_folder[0] ? s->version->minidump_folder : MINIDUMP_FOLDER;
	uint64_t folder;

	int r = resolve(s, named, &folder);
	if (r == 0)
		r = try_newest(s, folder, MINIDUMP_GLOB, CRASH_MINIDUMP);
	if (r < 0 && !is_missing(r) && r != -EXDEV)
		note_problem(s, named, r);
}

static void try_paging_file(struct search *s)
{
	uint64_t ref;

	if (ntfs_lookup(s->view, ntfs_root(), "pagefile.sys", &ref) == 0)
		(void)try_file(s, ref, CRASH_PAGEFILE);
	if (try_newest(s, ntfs_root(), PAGING_GLOB, CRASH_PAGEFILE) < 0)
		note_problem(s, "the root directory", -EIO);
}

void windows_crash_read(struct ntfs_view *view, uint64_t root,
        const struct windows_version *version, struct windows_evidence *ret)
{
	struct search s = {.view = view, .root = root, .version = version, .found = ret};

	try_paging_file(&s);
	try_dump_file(&s);
	try_minidumps(&s);
}
