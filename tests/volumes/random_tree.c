/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is on a volume: a Windows, the channel files, and anything else. */
#include "tests/volumes/random.h"
#include "fixer/base/bytes.h"
#include "fixer/base/log.h"
#include "tests/generators/hive.h"
#include "tests/generators/ntfs_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTALLED   1700000000
#define HIVE_MAX    65536
#define DELETED_MAX 64
#define PATH_MAX_   1024

/* --- Windows -----------------------------------------------------------------------------------
 */

/* Made once a process: every volume has the same. */
static const struct buffer *system_hive(void)
{
	static const struct gen_hive_value values[] = {
	        {"Select", "Current", NULL, 1},
	        {"ControlSet001\\Control\\ComputerName\\ComputerName", "ComputerName", "RANDOM", 0},
	};
	static struct buffer hive;

	if (!hive.data) {
		buffer_init(&hive, HIVE_MAX);
		if (gen_hive_make(values, 2, INSTALLED, NULL, 0, &hive) < 0)
			return NULL;
		gen_hive_stamp(hive.data, "SYSTEM", 7, 7);
	}
	return &hive;
}

static int put_plain(struct gen_ntfs *n, const char *path, const void *data, size_t size)
{
	return gen_ntfs_put(n, &(struct gen_file){.path = path,
	                               .data = data,
	                               .size = size,
	                               .created = INSTALLED,
	                               .modified = INSTALLED,
	                               .attributes = GEN_ATTR_ARCHIVE});
}

int random_put_windows(struct random_case *c, struct gen_ntfs *n)
{
	const struct buffer *hive = system_hive();
	uint8_t kernel[4096] = "MZ";

	if (!hive)
		return -1;
	put_le32(kernel + 0x3c, 0x80);
	memcpy(kernel + 0x80, "PE\0\0\x64\x86", 6);
	gen_random_bytes(&c->random, kernel + 512, sizeof(kernel) - 512);
	int r = put_plain(n, "\\Windows\\System32\\config\\SYSTEM", hive->data, hive->len);
	if (r == 0)
		r = put_plain(n, "\\Windows\\System32\\config\\SOFTWARE", hive->data, hive->len);
	if (r == 0)
		r = put_plain(n, "\\Windows\\System32\\ntoskrnl.exe", kernel, sizeof(kernel));
	return r == 0 ? gen_ntfs_mkdir(n, RANDOM_FOLDER) : r;
}

/* --- the folder of the channel files -----------------------------------------------------------
 */

/* A channel file before or after those of channel 291, or another file of the sensor's. */
static void draw_sibling(struct random_case *c, unsigned i, struct random_file *ret)
{
	struct gen_random *r = &c->random;
	static const char folder[] = RANDOM_FOLDER "\\";
	char *name = ret->path + sizeof(folder) - 1;
	size_t size = sizeof(ret->path) - sizeof(folder) + 1;

	memcpy(ret->path, folder, sizeof(folder));
	unsigned channel = i + (i >= 291); /* 291 itself is drawn elsewhere */
	if (gen_random_below(r, 10) > 0)
		(void)snprintf(
		        name, size, "C-%08u-00000000-%08u.sys", channel, gen_random_below(r, 99));
	else
		random_name(c, i, name, 200);
	ret->size = gen_random_below(r, 6) ? gen_random_below(r, 500) : gen_random_below(r, 9000);
	ret->modified = 1721000000 + gen_random_below(r, 300000);
	ret->traits = gen_random_below(r, 8) ? 0 : TRAIT_POSIX;
}

/* A file that stands where the renamed one would have to go: the order would change. */
static int put_obstacle(struct random_case *c, struct gen_ntfs *n)
{
	struct random_file f = {.modified = INSTALLED, .size = 10};

	if (c->bad_count == 0 || gen_random_below(&c->random, 25) > 0)
		return 0;
	(void)snprintf(f.path, sizeof(f.path), "%.*s.%s", (int)strlen(c->bad[0].path) - 4,
	        c->bad[0].path, gen_random_below(&c->random, 2) ? "pdf" : "old");
	return random_put(c, n, &f);
}

int random_put_channel_files(struct random_case *c, struct gen_ntfs *n)
{
	unsigned bad = 0;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < c->siblings; i++) {
		struct random_file f;
		draw_sibling(c, i, &f);
		/* The bad ones come among the others. */
		while (r == 0 && bad < c->bad_count &&
		        gen_random_below(&c->random, c->siblings) <= c->bad_count)
			r = random_put(c, n, &c->bad[bad++]);
		if (r == 0)
			r = random_put(c, n, &f);
	}
	while (r == 0 && bad < c->bad_count)
		r = random_put(c, n, &c->bad[bad++]);
	return r == 0 ? put_obstacle(c, n) : r;
}

/* --- other files -------------------------------------------------------------------------------
 */

static const char *const folders[] = {"\\", "\\Windows\\System32\\drivers\\", "\\Windows\\",
        "\\Users\\p\xc3\xbcppi\\Documents\\", "\\Users\\Public\\\xe8\xb3\x87\xe6\x96\x99\\",
        "\\Program Files\\A long name of a folder, with spaces\\", "\\a\\b\\c\\d\\e\\f\\g\\"};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

/* Two names that differ in their case only. */
static int put_case_pair(struct random_case *c, struct gen_ntfs *n, unsigned i)
{
	struct random_file f = {.modified = INSTALLED, .traits = TRAIT_POSIX, .size = 20};

	(void)snprintf(f.path, sizeof(f.path), "\\Posix\\Make%u.file", i);
	int r = random_put(c, n, &f);
	(void)snprintf(f.path, sizeof(f.path), "\\Posix\\makE%u.file", i);
	return r == 0 ? random_put(c, n, &f) : r;
}

static int put_other(struct random_case *c, struct gen_ntfs *n, unsigned i, char *ret_path)
{
	static const unsigned traits[] = {0, TRAIT_LINKED, TRAIT_COMPRESSED, TRAIT_SPARSE,
	        TRAIT_STREAMS, TRAIT_FRAGMENTED, TRAIT_LISTED, TRAIT_POSIX,
	        TRAIT_SPARSE | TRAIT_STREAMS, TRAIT_LINKED | TRAIT_LISTED};
	struct gen_random *r = &c->random;
	struct random_file f = {.modified = INSTALLED + gen_random_below(r, 20000000)};
	char name[900];

	random_name(c, 0x10000 + i, name, sizeof(name));
	(void)snprintf(f.path, sizeof(f.path), "%s%s", folders[gen_random_below(r, FOLDERS)], name);
	f.size = gen_random_below(r, 256u << gen_random_below(r, 9));
	if (gen_random_below(r, 3) == 0)
		f.traits = traits[gen_random_below(r, sizeof(traits) / sizeof(traits[0]))];
	f.traits |= gen_random_below(r, 8);
	(void)snprintf(ret_path, PATH_MAX_, "%s", f.path);
	if (random_room(n) < 16ULL * c->cluster)
		f.size %= 300;
	return random_put(c, n, &f);
}

static int delete_path(struct gen_ntfs *n, const char *path)
{
	const char *name;
	ntfs_inode *folder, *ni = gen_ntfs_lookup(n, path);
	ntfschar *units = NULL;

	if (!ni)
		return gen_ntfs_failed("cannot open", path);
	int r = gen_ntfs_parent(n, path, &folder, &name);
	if (r < 0) {
		(void)ntfs_inode_close(ni);
		return r;
	}
	int len = ntfs_mbstoucs(name, &units);
	/* This call closes both inodes whatever happens. */
	r = len > 0 ? ntfs_delete(n->vol, NULL, ni, folder, units, (u8)len) : -1;
	free(units);
	return r == 0 ? 0 : gen_ntfs_failed("cannot delete", path);
}

int random_put_others(struct random_case *c, struct gen_ntfs *n)
{
	char(*paths)[PATH_MAX_] = calloc(DELETED_MAX, PATH_MAX_);
	unsigned gone = 0;
	int r = paths ? 0 : -1;

	for (unsigned i = 0; r == 0 && i < c->files; i++) {
		r = put_other(c, n, i, paths[gone]);
		/* Some do not stay: records, clusters and places in indexes are free again. */
		if (i == 0)
			(void)snprintf(c->leaving, sizeof(c->leaving), "%s", paths[0]);
		else if (gone + 1 < DELETED_MAX && gen_random_below(&c->random, 6) == 0)
			gone++;
		if (r == 0 && gen_random_below(&c->random, 12) == 0)
			r = put_case_pair(c, n, i);
	}
	for (unsigned i = 0; r == 0 && i < gone; i++)
		r = delete_path(n, paths[i]);
	free(paths);
	return r;
}

/* Files that come, and one that goes. Folders keep the times of now: settling them would touch all
 * of them. */
int random_put_pending(struct random_case *c, struct gen_ntfs *n)
{
	unsigned count = 1 + gen_random_below(&c->random, 20);
	char path[PATH_MAX_];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < count; i++) {
		struct random_file f;
		if (c->pending_beside && gen_random_below(&c->random, 2)) {
			draw_sibling(c, 3000 + i, &f);
			r = random_put(c, n, &f);
		} else {
			r = put_other(c, n, 1000 + i, path);
		}
	}
	return r == 0 ? delete_path(n, c->leaving) : r;
}
