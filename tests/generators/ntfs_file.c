/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of the volume, and the 8.3 names Windows gives to everything on the system drive. */
#include "tests/generators/ntfs_private.h"
#include "fixer/base/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SHORT_NAME 13 /* "ABCDEFGH.XYZ" */

/* Upper-cases up to max letters of text that an 8.3 name may have; true when nothing was left out.
 */
static bool squeeze(const char *text, size_t len, size_t max, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c < 0x80 && (isalnum(c) || strchr("$%'-_@~`!(){}^#&", c)) && n < max)
			out[n++] = (char)toupper(c);
	}
	out[n] = 0;
	return n == len;
}

/* What Windows would call the file on a volume with 8.3 names; the hash in the fifth and later
 * names is not Microsoft's. attempt counts from 0; a name that fits as it is has one attempt only.
 */
static bool short_name(const char *name, unsigned attempt, char out[SHORT_NAME])
{
	const char *dot = strrchr(name, '.');
	size_t base_len = dot ? (size_t)(dot - name) : strlen(name);
	char base[9], extension[4] = "";
	uint32_t hash = 2166136261u + attempt;
	bool fits = squeeze(name, base_len, 8, base) && base_len > 0;

	if (dot)
		fits = squeeze(dot + 1, strlen(dot + 1), 3, extension) && fits;
	if (fits) {
		(void)snprintf(out, SHORT_NAME, "%s%s%s", base, dot ? "." : "", extension);
		return attempt == 0;
	}
	for (const char *p = name; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	if (attempt < 4 && base[0])
		(void)snprintf(out, SHORT_NAME, "%.6s~%u%s%s", base, attempt + 1,
		        extension[0] ? "." : "", extension);
	else
		(void)snprintf(out, SHORT_NAME, "%.2s%04X~1%s%s", base, hash & 0xffff,
		        extension[0] ? "." : "", extension);
	return attempt < 100;
}

int gen_ntfs_close_entry(struct gen_entry *e, int r)
{
	if (ntfs_inode_close_in_dir(e->ni, e->folder) < 0 && r == 0)
		r = gen_ntfs_failed("cannot close", e->name);
	if (ntfs_inode_close(e->folder) < 0 && r == 0)
		r = gen_ntfs_failed("cannot close the folder of", e->name);
	return r;
}

/* By UTF-16 name: the other lookup answers from a cache that does not learn of new 8.3 names. */
static bool name_taken(ntfs_inode *folder, const char *name)
{
	ntfschar *units = NULL;
	int len = ntfs_mbstoucs(name, &units);
	bool taken = len > 0 && ntfs_inode_lookup_by_name(folder, units, len) != (u64)-1;

	free(units);
	return taken;
}

int gen_ntfs_finish_entry(struct gen_entry *e)
{
	char dos[SHORT_NAME];
	unsigned attempt = 0;

	for (;;) {
		if (!short_name(e->name, attempt++, dos)) {
			log_error("no free 8.3 name for %s", e->name);
			return gen_ntfs_close_entry(e, -EEXIST);
		}
		/* A name that fits is its own 8.3 name. */
		if (strcasecmp(dos, e->name) == 0 || !name_taken(e->folder, dos))
			break;
	}
	/* This call closes both inodes whatever happens. */
	if (ntfs_set_ntfs_dos_name(e->ni, e->folder, dos, strlen(dos), 0) < 0)
		return gen_ntfs_failed("cannot set the 8.3 name of", e->name);
	return 0;
}

int gen_ntfs_write_stream(
        ntfs_inode *ni, const char *path, const void *data, size_t size, size_t offset)
{
	ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
	int r = 0;

	if (!na)
		return gen_ntfs_failed("cannot open the data of", path);
	if (size > 0 && ntfs_attr_pwrite(na, (s64)offset, (s64)size, data) != (s64)size)
		r = gen_ntfs_failed("cannot write", path);
	if (r == 0 && (na->data_flags & ATTR_COMPRESSION_MASK) && ntfs_attr_pclose(na) < 0)
		r = gen_ntfs_failed("cannot finish compressing", path);
	ntfs_attr_close(na);
	return r;
}

/* Content at offset (a hole before), 8.3 name, times. */
static int put_at(struct gen_ntfs *n, const struct gen_file *file, size_t offset)
{
	struct gen_entry entry;
	int r = gen_ntfs_make_entry(n, file->path, S_IFREG, &entry);

	if (r < 0)
		return r;
	uint64_t number = entry.ni->mft_no;
	r = gen_ntfs_write_stream(entry.ni, file->path, file->data, file->size, offset);
	if (r < 0)
		return gen_ntfs_close_entry(&entry, r);
	r = gen_ntfs_finish_entry(&entry);
	if (r == 0)
		r = gen_ntfs_set_times(n, number, file->created, file->modified, file->attributes);
	return r;
}

int gen_ntfs_put(struct gen_ntfs *n, const struct gen_file *file)
{
	return put_at(n, file, 0);
}

int gen_ntfs_put_sparse(struct gen_ntfs *n, const struct gen_file *file)
{
	struct gen_file end = *file;

	end.data = "\x01";
	end.size = 1;
	return put_at(n, &end, file->size - 1);
}

int gen_ntfs_add_stream(
        struct gen_ntfs *n, const char *path, const char *stream, const void *data, size_t size)
{
	ntfs_inode *ni = gen_ntfs_lookup(n, path);
	ntfschar *units = NULL;
	int r = 0;

	if (!ni)
		return gen_ntfs_failed("cannot open", path);
	int len = ntfs_mbstoucs(stream, &units);
	if (len <= 0 || len > 255 ||
	        ntfs_attr_add(ni, AT_DATA, units, (u8)len, data, (s64)size) < 0)
		r = gen_ntfs_failed("cannot add a stream to", path);
	free(units);
	if (ntfs_inode_close(ni) < 0 && r == 0)
		r = gen_ntfs_failed("cannot close", path);
	return r;
}

int gen_ntfs_link(struct gen_ntfs *n, const char *path, const char *new_path)
{
	struct gen_entry entry = {.ni = gen_ntfs_lookup(n, path)};
	ntfschar *units = NULL;
	int r;

	if (!entry.ni)
		return gen_ntfs_failed("cannot open", path);
	uint64_t number = entry.ni->mft_no;
	int64_t created = filetime_to_ns((uint64_t)entry.ni->creation_time) / 1000000000;
	int64_t modified = filetime_to_ns((uint64_t)entry.ni->last_data_change_time) / 1000000000;
	r = gen_ntfs_parent(n, new_path, &entry.folder, &entry.name);
	if (r < 0) {
		(void)ntfs_inode_close(entry.ni);
		return r;
	}
	int len = ntfs_mbstoucs(entry.name, &units);
	if (len <= 0 || len > 255 || ntfs_link(entry.ni, entry.folder, units, (u8)len) < 0)
		r = gen_ntfs_failed("cannot link", new_path);
	free(units);
	/* No 8.3 name: libntfs-3g gives none to a second link. */
	r = gen_ntfs_close_entry(&entry, r);
	return r == 0 ? gen_ntfs_set_times(n, number, created, modified, 0) : r;
}
