/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot sector of a BitLocker volume. */
#include "fixer/bitlocker/metadata.h"

#include <errno.h>
#include <string.h>

#define BOOT_SECTOR  512
#define OEM_ID       3
#define SECTOR_BYTES 11
#define CLUSTER      13  /* sectors of a cluster */
#define VISTA_LCN    56  /* the cluster of Vista's first metadata block */
#define TYPE_FIXED   160 /* where the volume type stands, then three metadata offsets */
#define TYPE_TO_GO   424

/* 4967d63b-2e29-4ad8-8399-f6a339e3d001: encrypted, or converted by the means of Windows 7. */
static const struct guid normal_type = {{0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99,
        0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01}};
/* 92a84d3b-dd80-4d0e-9e4e-b1e3284eaed8: a conversion by encrypt-on-write is unfinished. */
static const struct guid encrypt_on_write_type = {{0x3b, 0x4d, 0xa8, 0x92, 0x80, 0xdd, 0x0e, 0x4d,
        0x9e, 0x4e, 0xb1, 0xe3, 0x28, 0x4e, 0xae, 0xd8}};

static bool is_volume_type(const uint8_t *p)
{
	return memcmp(p, normal_type.bytes, GUID_LEN) == 0 ||
	       memcmp(p, encrypt_on_write_type.bytes, GUID_LEN) == 0;
}

static bool is_fixed(const uint8_t *sector)
{
	return memcmp(sector + OEM_ID, "-FVE-FS-", 8) == 0;
}

/* MSWIN4.1 alone is any FAT volume. */
static bool is_to_go(const uint8_t *sector)
{
	return memcmp(sector + OEM_ID, "MSWIN4.1", 8) == 0 && is_volume_type(sector + TYPE_TO_GO);
}

bool bitlocker_probe(const uint8_t *sector0, size_t len)
{
	return len >= BOOT_SECTOR && (is_fixed(sector0) || is_to_go(sector0));
}

static int take_sector_size(const uint8_t *sector, struct fve_sector0 *s, struct error *err)
{
	s->sector_size = get_le16(sector + SECTOR_BYTES);
	if (s->sector_size == 0 || s->sector_size == 512 || s->sector_size == 4096)
		return 0;
	return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
	        "the boot sector states %u bytes per sector", s->sector_size);
}

int fve_sector0_parse(const uint8_t *sector, struct fve_sector0 *ret, struct error *err)
{
	struct fve_sector0 s = {0};

	if (!bitlocker_probe(sector, BOOT_SECTOR))
		return error_set(err, -ENODEV, REASON_NO_NTFS, "not a BitLocker volume");
	const uint8_t *type = sector + (is_fixed(sector) ? TYPE_FIXED : TYPE_TO_GO);
	int r = take_sector_size(sector, &s, err);
	if (r < 0)
		return r;
	memcpy(s.type.bytes, type, GUID_LEN);
	s.known_type = is_volume_type(type);
	s.encrypt_on_write = memcmp(type, encrypt_on_write_type.bytes, GUID_LEN) == 0;
	for (size_t i = 0; i < 3; i++)
		s.metadata_offset[i] = get_le64(type + GUID_LEN + 8 * i);
	for (size_t i = 0; i < 2 && s.encrypt_on_write; i++)
		s.eow_offset[i] = get_le64(type + GUID_LEN + 24 + 8 * i);
	s.vista_jump = sector[0] == 0xeb && sector[1] == 0x52;
	s.vista_metadata = get_le64(sector + VISTA_LCN) * sector[CLUSTER] * s.sector_size;
	*ret = s;
	return 0;
}
