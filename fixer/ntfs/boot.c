/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be told from the boot sector, before or instead of a mount. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/internal.h"
#include "fixer/ntfs/raw.h"

#include <string.h>

#define MIRRORED 4 /* records of $MFT that $MFTMirr repeats at least */

bool ntfs_geometry_read(const uint8_t *boot, uint64_t size, struct ntfs_geometry *ret)
{
	uint64_t sector = get_le16(boot + 11), per_cluster = boot[13];
	int8_t record = (int8_t)boot[64];

	if (per_cluster > 0x80)
		per_cluster = 1ULL << ((256 - per_cluster) & 31);
	uint64_t cluster = sector * per_cluster;
	if (cluster == 0 || cluster > 2 * 1024 * 1024)
		return false;
	uint64_t record_size = record > 0 ? (uint64_t)record * cluster : 1ULL << (-record & 31);
	if (record_size < 256 || record_size > 65536)
		return false;
	uint64_t mft = get_le64(boot + 48), mirror = get_le64(boot + 56);
	if (mft > size / cluster || mirror > size / cluster)
		return false;
	*ret = (struct ntfs_geometry){.cluster_size = cluster,
	        .mft = mft * cluster,
	        .mirror = mirror * cluster,
	        .record_size = (size_t)record_size};
	return true;
}

/* With large clusters the mirror is a whole cluster. */
static size_t mirror_len(const struct ntfs_geometry *g)
{
	size_t least = MIRRORED * g->record_size;

	return g->cluster_size > least ? (size_t)g->cluster_size : least;
}

/* Both, one after the other, malloc()ed; NULL when they cannot be read. */
static uint8_t *read_both(struct block_device *dev, const struct ntfs_geometry *g)
{
	size_t len = mirror_len(g);
	uint8_t *both = malloc(2 * len);

	if (both && (block_read(dev, g->mft, both, len) < 0 ||
	                    block_read(dev, g->mirror, both + len, len) < 0)) {
		free(both);
		return NULL;
	}
	return both;
}

int ntfs_mirror_mend(struct block_device *dev, const struct ntfs_geometry *g)
{
	size_t len = mirror_len(g);
	uint8_t *both = read_both(dev, g);
	int r = both && memcmp(both, both + len, len) != 0;

	for (size_t i = 0; r == 1 && i < MIRRORED; i++)
		if (g->record_size < RAW_STRIDE ||
		        !raw_is_whole(both + i * g->record_size, g->record_size, "FILE"))
			r = -EBADMSG;
	if (r == 1 && block_write(dev, g->mirror, both, len) < 0)
		r = -EROFS;
	free(both);
	return r;
}
