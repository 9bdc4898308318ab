/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One file with any mixture of traits. */
#include "tests/volumes/random.h"
#include "fixer/base/log.h"
#include "tests/generators/ntfs_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPACER     "\\spacer.tmp" /* takes the clusters between the pieces of fragmented files */
#define KEPT_FREE  8              /* clusters, and an eighth of all */
#define PIECES_MAX 320
#define STREAMS    48
#define LINKS      "\\Links\\"

uint64_t random_room(struct gen_ntfs *n)
{
	uint64_t clusters = (uint64_t)n->vol->nr_clusters, used = 0;
	uint8_t *bitmap;

	if (gen_ntfs_used_clusters(n, &bitmap) < 0)
		return 0;
	for (size_t i = 0; i < clusters / 8; i++)
		used += (unsigned)__builtin_popcount(bitmap[i]);
	free(bitmap);
	uint64_t kept = used + KEPT_FREE + clusters / 8;
	return kept < clusters ? (clusters - kept) * (uint64_t)n->vol->cluster_size : 0;
}

/* Half of it text, half noise, in turns. */
static uint8_t *make_content(struct random_case *c, size_t size)
{
	uint8_t *data = malloc(size + 1);

	if (!data)
		return NULL;
	for (size_t at = 0; at < size;) {
		size_t n = 512 + gen_random_below(&c->random, 8192);
		n = n < size - at ? n : size - at;
		if (gen_random_below(&c->random, 2))
			gen_random_bytes(&c->random, data + at, n);
		else
			memset(data + at, 'a' + (int)(at % 26), n);
		at += n;
	}
	return data;
}

static int write_at(ntfs_inode *ni, const void *data, size_t len, uint64_t offset)
{
	ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
	int r = 0;

	if (!na)
		return gen_ntfs_failed("cannot open the data of", "a random file");
	if (len > 0 && ntfs_attr_pwrite(na, (s64)offset, (s64)len, data) != (s64)len)
		r = gen_ntfs_failed("cannot write", "a random file");
	if (r == 0 && (na->data_flags & ATTR_COMPRESSION_MASK) && ntfs_attr_pclose(na) < 0)
		r = gen_ntfs_failed("cannot finish compressing", "a random file");
	ntfs_attr_close(na);
	return r;
}

static ntfs_inode *open_spacer(struct gen_ntfs *n)
{
	ntfs_inode *ni = gen_ntfs_lookup(n, SPACER);

	if (ni)
		return ni;
	const struct gen_file file = {.path = SPACER, .data = "", .size = 0};
	return gen_ntfs_put(n, &file) == 0 ? gen_ntfs_lookup(n, SPACER) : NULL;
}

/* In pieces of a cluster, each followed by one of the spacer. */
static int write_pieces(
        struct random_case *c, struct gen_ntfs *n, ntfs_inode *ni, const uint8_t *data, size_t size)
{
	ntfs_inode *spacer = open_spacer(n);
	int r = spacer ? 0 : -errno;

	for (size_t at = 0; r == 0 && at < size; at += c->cluster) {
		size_t len = c->cluster < size - at ? c->cluster : size - at;
		r = write_at(ni, data + at, len, at);
		ntfs_attr *na = r == 0 ? ntfs_attr_open(spacer, AT_DATA, AT_UNNAMED, 0) : NULL;
		if (na && ntfs_attr_pwrite(na, na->data_size, c->cluster, data) != c->cluster)
			r = gen_ntfs_failed("cannot write", SPACER);
		if (na)
			ntfs_attr_close(na);
	}
	if (spacer && ntfs_inode_close(spacer) < 0 && r == 0)
		r = gen_ntfs_failed("cannot close", SPACER);
	return r;
}

/* Islands in a hole. */
static int write_islands(struct random_case *c, ntfs_inode *ni, const uint8_t *data, size_t size)
{
	uint64_t step = c->cluster > 16384 ? c->cluster : 16384,
	         at = gen_random_below(&c->random, 3) ? step : 0;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < 4; i++) {
		size_t len = size / 4 + 1;
		r = write_at(ni, data, len, at);
		at += len + step * (1 + gen_random_below(&c->random, 4));
	}
	return r;
}

/* New files of a compressed folder are compressed. */
static int compress_folder(struct gen_ntfs *n, ntfs_inode *folder, bool on)
{
	NVolSetCompression(n->vol);
	if (on)
		folder->flags |= FILE_ATTR_COMPRESSED;
	else
		folder->flags &= ~FILE_ATTR_COMPRESSED;
	ntfs_inode_mark_dirty(folder);
	NInoFileNameSetDirty(folder);
	return 0;
}

static int set_compression(struct gen_ntfs *n, const char *path, bool on)
{
	const char *name;
	ntfs_inode *folder;
	int r = gen_ntfs_parent(n, path, &folder, &name);

	if (r < 0)
		return r;
	(void)compress_folder(n, folder, on);
	return ntfs_inode_close(folder) == 0 ? 0
	                                     : gen_ntfs_failed("cannot close the folder of", path);
}

static int write_content(
        struct random_case *c, struct gen_ntfs *n, ntfs_inode *ni, const struct random_file *file)
{
	size_t size = file->size;

	if ((file->traits & TRAIT_FRAGMENTED) && size > (size_t)PIECES_MAX * c->cluster)
		size = (size_t)PIECES_MAX * c->cluster;
	uint8_t *data = make_content(c, size + c->cluster);
	if (!data)
		return -ENOMEM;
	int r = file->traits & TRAIT_SPARSE       ? write_islands(c, ni, data, size)
	        : file->traits & TRAIT_FRAGMENTED ? write_pieces(c, n, ni, data, size)
	                                          : write_at(ni, data, size, 0);
	free(data);
	return r;
}

static int create(struct gen_ntfs *n, const struct random_file *file, uint64_t *ret_number)
{
	struct gen_entry entry;
	int r = gen_ntfs_make_entry(n, file->path, S_IFREG, &entry);

	if (r < 0)
		return r;
	*ret_number = entry.ni->mft_no;
	return file->traits & TRAIT_POSIX ? gen_ntfs_close_entry(&entry, 0)
	                                  : gen_ntfs_finish_entry(&entry);
}

static int fill(struct random_case *c, struct gen_ntfs *n, const struct random_file *file)
{
	ntfs_inode *ni = gen_ntfs_lookup(n, file->path);

	if (!ni)
		return gen_ntfs_failed("cannot open", file->path);
	int r = write_content(c, n, ni, file);
	if (ntfs_inode_close(ni) < 0 && r == 0)
		r = gen_ntfs_failed("cannot close", file->path);
	return r;
}

static int add_streams(
        struct random_case *c, struct gen_ntfs *n, const struct random_file *file, unsigned count)
{
	char name[64];
	uint8_t data[1200];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < count; i++) {
		size_t size = gen_random_below(&c->random, count > 8 ? 40 : sizeof(data));
		gen_random_bytes(&c->random, data, size);
		(void)snprintf(
		        name, sizeof(name), count < STREAMS ? "Zone.Identifier %u" : "s%u", i);
		r = gen_ntfs_add_stream(n, file->path, name, data, size);
	}
	return r;
}

static int add_link(struct random_case *c, struct gen_ntfs *n, const struct random_file *file)
{
	char path[64];

	(void)snprintf(path, sizeof(path), LINKS "link %08x.sys",
	        gen_random_below(&c->random, UINT32_MAX));
	return gen_ntfs_link(n, file->path, path);
}

int random_put(struct random_case *c, struct gen_ntfs *n, const struct random_file *wanted)
{
	struct random_file file = *wanted;
	uint64_t room = random_room(n) / 4;

	if (file.size > room)
		file.size = room / 2;
	if (room < 8ULL * c->cluster)
		file.traits &= TRAIT_ATTRIBUTES | TRAIT_POSIX | TRAIT_LINKED;
	if (c->cluster > 4096)
		file.traits &= ~(unsigned)TRAIT_COMPRESSED;
	if (file.traits & TRAIT_COMPRESSED)
		file.traits &= ~(unsigned)(TRAIT_SPARSE | TRAIT_FRAGMENTED);
	bool compressed = file.traits & TRAIT_COMPRESSED;
	uint64_t number = 0;
	int r = compressed ? set_compression(n, file.path, true) : 0;
	if (r == 0)
		r = create(n, &file, &number);
	if (r == 0 && compressed)
		r = set_compression(n, file.path, false);
	/* Before there is content: the library cannot link a file whose record is full. */
	if (r == 0 && (file.traits & TRAIT_LINKED))
		r = add_link(c, n, &file);
	if (r == 0)
		r = fill(c, n, &file);
	if (r == 0 && (file.traits & TRAIT_STREAMS))
		r = add_streams(c, n, &file, 1 + gen_random_below(&c->random, 3));
	if (r == 0 && (file.traits & TRAIT_LISTED))
		r = add_streams(c, n, &file, STREAMS);
	return r < 0 ? r
	             : gen_ntfs_set_times(n, number, file.modified - 2, file.modified,
	                       (file.traits & TRAIT_ATTRIBUTES) | GEN_ATTR_ARCHIVE);
}
