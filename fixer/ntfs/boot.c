/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be told from the boot sector, before or instead of a mount. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/internal.h"

#include <string.h>

#define MIRRORED 4 /* records of $MFT that $MFTMirr repeats */

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

bool ntfs_mirror_differs(struct block_device *dev, const struct ntfs_geometry *g)
{
	size_t len = MIRRORED * g->record_size;
	uint8_t *both = malloc(2 * len);
	bool differs = both && block_read(dev, g->mft, both, len) == 0 &&
	               block_read(dev, g->mirror, both + len, len) == 0 &&
	               memcmp(both, both + len, len) != 0;

	free(both);
	return differs;
}
