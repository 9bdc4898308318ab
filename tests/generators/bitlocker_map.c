/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_map.h"
#include "fixer/base/bytes.h"

#include <string.h>

#define DEFAULT_HEADER 8192

uint32_t fve_header_size(const struct fve_volume *v)
{
	unsigned sectors = v->options.header_sectors;

	return sectors > 0 ? sectors * v->sector_size : DEFAULT_HEADER;
}

uint64_t fve_encrypted_size(const struct fve_volume *v)
{
	const struct fve_options *o = &v->options;

	return o->encrypted_size > 0 ? o->encrypted_size : v->size - o->grow + o->shrink;
}

unsigned fve_areas(const struct fve_volume *v, struct fve_area areas[FVE_MAX_AREAS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < FVE_COPIES; i++)
		areas[n++] = (struct fve_area){v->metadata[i], FVE_AREA_SIZE};
	areas[n++] = (struct fve_area){v->header_backup, fve_header_size(v)};
	if (v->options.conversion_size > 0)
		areas[n++] = (struct fve_area){fve_encrypted_size(v), v->options.conversion_size};
	if (v->options.encrypt_on_write) {
		areas[n++] = v->eow.first;
		areas[n++] = v->eow.second;
	}
	return n;
}

static bool in_structures(const struct fve_volume *v, uint64_t at)
{
	struct fve_area areas[FVE_MAX_AREAS];
	unsigned count = fve_areas(v, areas);

	for (unsigned i = 0; i < count; i++)
		if (fve_within(&areas[i], at))
			return true;
	return false;
}

static bool is_written(const struct fve_volume *v, uint64_t at)
{
	uint64_t cluster = at / FVE_CLUSTER;

	return v->options.full || cluster >= v->clusters ||
	       (v->written[cluster / 8] >> (cluster % 8) & 1);
}

bool fve_is_encrypted(const struct fve_volume *v, uint64_t at)
{
	if (v->options.curr_state == FVE_STATE_DECRYPTED)
		return false;
	if (v->options.encrypt_on_write)
		return fve_eow_is_encrypted(v, at);
	return at < fve_encrypted_size(v);
}

enum fve_fate fve_fate_of(const struct fve_volume *v, uint64_t at)
{
	if (at < fve_header_size(v) || in_structures(v, at) || !is_written(v, at))
		return FVE_LEFT_ALONE;
	return fve_is_encrypted(v, at) ? FVE_ENCRYPTED : FVE_PLAINTEXT;
}

/* In the guise of FAT32, with the volume's type and its metadata behind. */
void fve_boot_sector(const struct fve_volume *v, uint64_t disk_offset, uint8_t sector[512])
{
	static const uint8_t normal_volume[] =
	        "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01";
	static const uint8_t encrypt_on_write[] =
	        "\x3b\x4d\xa8\x92\x80\xdd\x0e\x4d\x9e\x4e\xb1\xe3\x28\x4e\xae\xd8";

	memset(sector, 0, 512);
	memcpy(sector, "\xeb\x58\x90-FVE-FS-", 11);
	put_le16(sector + 11, (uint16_t)v->sector_size);
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
	memcpy(sector + 160, v->options.encrypt_on_write ? encrypt_on_write : normal_volume,
	        GUID_LEN);
	for (unsigned i = 0; i < FVE_COPIES; i++)
		put_le64(sector + 176 + (size_t)8 * i, v->metadata[i]);
	if (v->options.encrypt_on_write) {
		put_le64(sector + 200, v->eow.first.start);
		put_le64(sector + 208, v->eow.second.start);
	}
	sector[510] = 0x55;
	sector[511] = 0xaa;
}
