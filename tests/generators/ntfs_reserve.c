/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that only keep their clusters from others. */
#include "tests/generators/ntfs_private.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdlib.h>

#include <ntfs-3g/lcnalloc.h>

static int remember_runs(struct gen_ntfs *n, const ntfs_attr *na)
{
	for (const runlist_element *rl = na->rl; rl && rl->length > 0; rl++) {
		struct gen_run *more =
		        reallocarray(n->reserved, n->reserved_count + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		n->reserved = more;
		n->reserved[n->reserved_count++] =
		        (struct gen_run){.first = (uint64_t)rl->lcn, .count = (uint64_t)rl->length};
	}
	return 0;
}

/* Where count clusters are free in one piece, from first on; limit when they are nowhere. */
static uint64_t find_free(const uint8_t *used, uint64_t limit, uint64_t first, uint64_t count)
{
	uint64_t run = 0;

	for (uint64_t c = first; c < limit; c++) {
		run = used[c / 8] >> (c % 8) & 1 ? 0 : run + 1;
		if (run == count)
			return c + 1 - count;
	}
	return limit;
}

/* Gives na, which has clusters somewhere, others: in one piece, as early as there is room from
 * cluster from on. */
static int move_clusters(struct gen_ntfs *n, ntfs_attr *na, uint64_t from)
{
	uint64_t limit = (uint64_t)n->vol->nr_clusters;
	uint64_t count = (uint64_t)na->allocated_size / GEN_CLUSTER;
	uint8_t *used;

	if (ntfs_cluster_free_from_rl(n->vol, na->rl) < 0)
		return gen_ntfs_failed("cannot free", "clusters");
	int r = gen_ntfs_used_clusters(n, &used);
	if (r < 0)
		return r;
	uint64_t place = find_free(used, limit, from, count);
	free(used);
	if (place == limit) {
		log_error("no room for %ju clusters from cluster %ju on", (uintmax_t)count,
		        (uintmax_t)from);
		return -ENOSPC;
	}
	runlist *moved = ntfs_cluster_alloc(n->vol, 0, (s64)count, (LCN)place, DATA_ZONE);
	if (!moved)
		return gen_ntfs_failed("cannot allocate", "clusters");
	free(na->rl);
	na->rl = moved;
	if (ntfs_attr_update_mapping_pairs(na, 0) < 0)
		return gen_ntfs_failed("cannot note", "clusters");
	return moved[0].lcn == (LCN)place && moved[0].length == (s64)count ? 0 : -ENOSPC;
}

/* ret_run NULL: anywhere, in pieces if need be. */
static int allocate(struct gen_ntfs *n, ntfs_inode *ni, const struct gen_file *file, uint64_t from,
        struct gen_run *ret_run)
{
	ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
	int r = 0;

	if (!na)
		return gen_ntfs_failed("cannot open the data of", file->path);
	if (ntfs_attr_truncate_solid(na, (s64)file->size) != 0 ||
	        ntfs_attr_map_whole_runlist(na) < 0)
		r = gen_ntfs_failed("cannot allocate", file->path);
	if (r == 0 && ret_run)
		r = move_clusters(n, na, from);
	if (r == 0)
		r = remember_runs(n, na);
	ntfs_attr_close(na);
	if (r == 0 && ret_run)
		*ret_run = n->reserved[n->reserved_count - 1];
	return r;
}

static int reserve(
        struct gen_ntfs *n, const struct gen_file *file, uint64_t from, struct gen_run *ret_run)
{
	struct gen_entry entry;
	int r = gen_ntfs_make_entry(n, file->path, S_IFREG, &entry);

	if (r < 0)
		return r;
	uint64_t number = entry.ni->mft_no;
	r = allocate(n, entry.ni, file, from, ret_run);
	if (r < 0)
		return gen_ntfs_close_entry(&entry, r);
	r = gen_ntfs_finish_entry(&entry);
	if (r == 0)
		r = gen_ntfs_set_times(n, number, file->created, file->modified, file->attributes);
	return r;
}

int gen_ntfs_reserve(struct gen_ntfs *n, const struct gen_file *file)
{
	return reserve(n, file, 0, NULL);
}

int gen_ntfs_reserve_from(
        struct gen_ntfs *n, const struct gen_file *file, uint64_t from, struct gen_run *ret_run)
{
	return reserve(n, file, from, ret_run);
}
