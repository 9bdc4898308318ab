/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_map.h"
#include "fixer/base/bytes.h"

#include <string.h>

#define OEM_ID        3
#define SECTOR_SIZE   11
#define MFT_MIRROR    56 /* in NTFS's; Vista has the cluster of the first metadata copy there */
#define FIXED_TYPE_AT 160
#define TO_GO_TYPE_AT 424

/* A FAT32 file system of sorts, so that nobody takes the volume for unformatted. */
static void guise(const struct fve_volume *v, uint64_t disk_offset, uint8_t sector[512])
{
	memset(sector, 0, 512);
	memcpy(sector, "\xeb\x58\x90-FVE-FS-", 11);
	put_le16(sector + SECTOR_SIZE, (uint16_t)v->sector_size);
	sector[13] = (uint8_t)(FVE_CLUSTER / v->sector_size);
	sector[21] = 0xf8;
	put_le16(sector + 24, 63);
	put_le16(sector + 26, 255);
	put_le32(sector + 28, (uint32_t)(disk_offset / v->sector_size));
	put_le32(sector + 36, 0x1fe0);
	put_le32(sector + 44, 1);
	put_le16(sector + 48, 6);
	sector[64] = 0x80;
	sector[66] = 0x29;
	memcpy(sector + 71, "NO NAME    FAT32   ", 19);
	put_le16(sector + 510, 0xaa55);
}

/* To Go really is FAT32, with a program that reads the stick on older machines. */
static void guise_to_go(const struct fve_volume *v, uint8_t sector[512])
{
	guise(v, 0, sector);
	memcpy(sector + OEM_ID, "MSWIN4.1", 8);
	put_le16(sector + 14, 33);
	sector[16] = 1;
	put_le32(sector + 32, (uint32_t)(v->size / v->sector_size));
	put_le32(sector + 36, 0x31d);
	put_le32(sector + 44, 2);
	put_le16(sector + 48, 1);
	put_le16(sector + 50, 6);
}

static void put_places(const struct fve_volume *v, uint8_t *at)
{
	static const uint8_t normal[] =
	        "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01";
	static const uint8_t encrypt_on_write[] =
	        "\x3b\x4d\xa8\x92\x80\xdd\x0e\x4d\x9e\x4e\xb1\xe3\x28\x4e\xae\xd8";

	memcpy(at, v->options.encrypt_on_write ? encrypt_on_write : normal, GUID_LEN);
	for (unsigned i = 0; i < FVE_COPIES; i++)
		put_le64(at + GUID_LEN + (size_t)8 * i, v->metadata[i]);
	if (v->options.encrypt_on_write) {
		put_le64(at + 40, v->eow.first.start);
		put_le64(at + 48, v->eow.second.start);
	}
}

void fve_boot_sector(struct fve_volume *v, uint64_t disk_offset, uint8_t sector[512])
{
	switch (v->options.form) {
	case FVE_VISTA:
		v->mft_mirror = get_le64(sector + MFT_MIRROR);
		memcpy(sector + OEM_ID, "-FVE-FS-", 8);
		put_le64(sector + MFT_MIRROR, v->metadata[0] / FVE_CLUSTER);
		break;
	case FVE_TO_GO:
		guise_to_go(v, sector);
		put_places(v, sector + TO_GO_TYPE_AT);
		break;
	case FVE_FIXED:
		guise(v, disk_offset, sector);
		put_places(v, sector + FIXED_TYPE_AT);
	}
	if (v->options.sector_size_zero)
		put_le16(sector + SECTOR_SIZE, 0);
}
