/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Index blocks, known by what they hold. NTFS on-disk format, INDX records. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/raw.h"
#include "fixer/ntfs/replayed_internal.h"

#include <string.h>

#define INDEX_HEADER 24 /* offset of the index header in an INDX block */
#define ENTRY_HEADER 16
#define ENTRY_LAST   0x2 /* flag: without a key */

/* Whole, with a header that makes sense; without its update sequence afterwards. */
static bool is_index_block(uint8_t *block, size_t size)
{
	size_t sequence = get_le16(block + 4), count = get_le16(block + 6);

	if (!raw_fixup_undo(block, size, "INDX"))
		return false;
	uint32_t entries = get_le32(block + INDEX_HEADER),
	         used = get_le32(block + INDEX_HEADER + 4),
	         allocated = get_le32(block + INDEX_HEADER + 8);
	return allocated <= size - INDEX_HEADER && used <= allocated && entries <= used &&
	       entries + INDEX_HEADER >= sequence + 2 * count;
}

int replayed_index_block(
        const ntfs_volume *vol, struct block_device *dev, uint64_t offset, uint8_t **ret)
{
	size_t size = vol->indx_record_size;
	uint64_t start = offset - offset % (size ? size : 1);

	*ret = NULL;
	/* Where clusters are smaller a block may lie in pieces. */
	if (size < RAW_STRIDE || size > vol->cluster_size || !range_within(start, size, dev->size))
		return 0;
	uint8_t *block = malloc(size);
	if (!block)
		return -ENOMEM;
	int r = block_read(dev, start, block, size);
	if (r == 0 && is_index_block(block, size)) {
		*ret = block;
		return 0;
	}
	free(block);
	return r;
}

bool replayed_directory(const uint8_t *block, uint64_t *ret)
{
	uint64_t first = get_le32(block + INDEX_HEADER);
	uint64_t end = INDEX_HEADER + (uint64_t)get_le32(block + INDEX_HEADER + 4);
	const uint8_t *entry = block + INDEX_HEADER + first;

	if (!range_within(INDEX_HEADER + first, ENTRY_HEADER + sizeof(uint64_t), end) ||
	        get_le16(entry + 12) & ENTRY_LAST)
		return false;
	*ret = get_le64(entry + ENTRY_HEADER);
	return true;
}
