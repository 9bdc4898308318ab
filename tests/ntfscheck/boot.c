/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot sector and its copy behind the last sector that $Bitmap covers. */
#include "tests/ntfscheck/internal.h"

static bool power_of_two(uint64_t n, uint64_t min, uint64_t max)
{
	return n >= min && n <= max && (n & (n - 1)) == 0;
}

/* Sizes of records and blocks are in clusters or, negative, a power of two of bytes. */
static uint64_t size_of(uint8_t field, uint32_t cluster)
{
	if (field < 0x80)
		return (uint64_t)field * cluster;
	return 256 - field < 32 ? 1ull << (256 - field) : 0;
}

static const char *geometry(struct volume *v)
{
	const uint8_t *b = v->bytes;
	uint64_t sectors = le64(b + 40);
	uint32_t per_cluster = b[13];

	if (memcmp(b + 3, "NTFS    ", 8) != 0)
		return "not NTFS";
	v->sector = le16(b + 11);
	if (!power_of_two(v->sector, 256, 4096))
		return "sector size";
	if (per_cluster > 0x80) /* large clusters of Windows 10 */
		per_cluster = 256 - per_cluster < 16 ? 1u << (256 - per_cluster) : 0;
	if (!power_of_two(per_cluster, 1, 1u << 15))
		return "cluster size";
	v->cluster = v->sector * per_cluster;
	if (sectors == 0 || sectors > v->size / v->sector)
		return "the volume is larger than its partition";
	v->clusters = sectors / per_cluster;
	v->mft_lcn = le64(b + 48);
	v->mirror_lcn = le64(b + 56);
	if (v->mft_lcn >= v->clusters || v->mirror_lcn >= v->clusters)
		return "$MFT outside the volume";
	v->record_size = (uint32_t)size_of(b[64], v->cluster);
	v->index_size = (uint32_t)size_of(b[68], v->cluster);
	if (!power_of_two(v->record_size, 512, 65536))
		return "size of MFT records";
	if (!power_of_two(v->index_size, 512, 65536))
		return "size of index blocks";
	return NULL;
}

bool boot_load(struct volume *v)
{
	static const uint8_t zero[7];
	const char *wrong = "shorter than a sector";

	if (v->size >= 512)
		wrong = geometry(v);
	if (wrong) {
		finding(v, "boot", NO_RECORD, "%s", wrong);
		return false;
	}
	/* Reserved sectors, FATs, root entries, sectors: of FAT, all zero in NTFS. */
	if (le16(v->bytes + 510) != 0xaa55 || memcmp(v->bytes + 14, zero, 7) != 0 ||
	        le16(v->bytes + 22) != 0 || le32(v->bytes + 32) != 0)
		finding(v, "boot", NO_RECORD, "fields of FAT or signature");

	uint64_t backup = le64(v->bytes + 40) * v->sector;
	if (backup > v->size - 512 || memcmp(v->bytes, v->bytes + backup, 512) != 0)
		finding(v, "boot-backup", NO_RECORD, "the copy of the boot sector differs");
	return true;
}
