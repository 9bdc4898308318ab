/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/gpt.h"
#include "tests/generators/run.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define ENTRY_COUNT 128
#define ENTRY_SIZE  128
#define TABLE_SIZE  (ENTRY_COUNT * ENTRY_SIZE)
#define HEADER_SIZE 92

static uint32_t crc(const uint8_t *data, size_t len)
{
	return (uint32_t)crc32(0, data, (unsigned)len);
}

static int write_protective_mbr(int fd, uint64_t sectors)
{
	uint8_t mbr[512] = {0};
	uint8_t *entry = mbr + 446;

	entry[2] = 0x02; /* CHS of sector 1 */
	entry[4] = 0xee;
	memset(entry + 5, 0xff, 3);
	put_le32(entry + 8, 1);
	put_le32(entry + 12, sectors - 1 > UINT32_MAX ? UINT32_MAX : (uint32_t)(sectors - 1));
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
	return gen_pwrite(fd, mbr, sizeof(mbr), 0);
}

static int fill_entry(uint8_t *entry, const struct gpt_partition *p, uint32_t sector_size)
{
	struct guid type;
	int r = guid_parse(p->type, &type);

	if (r < 0)
		return r;
	memcpy(entry, type.bytes, GUID_LEN);
	memcpy(entry + 16, p->id.bytes, GUID_LEN);
	put_le64(entry + 32, p->start / sector_size);
	put_le64(entry + 40, (p->start + p->size) / sector_size - 1);
	put_le64(entry + 48, p->attributes);
	for (size_t i = 0; p->name[i] && i < 36; i++)
		entry[56 + 2 * i] = (uint8_t)p->name[i];
	return 0;
}

/* One of the two headers: at LBA self, its twin at other, its copy of the table at table. */
static int write_header(int fd, uint32_t sector_size, uint64_t sectors, const struct guid *disk_id,
        uint64_t self, uint64_t other, uint64_t table, uint32_t table_crc)
{
	uint64_t table_sectors = TABLE_SIZE / sector_size;
	uint8_t h[HEADER_SIZE] = "EFI PART";

	put_le32(h + 8, 0x00010000);
	put_le32(h + 12, HEADER_SIZE);
	put_le64(h + 24, self);
	put_le64(h + 32, other);
	put_le64(h + 40, 2 + table_sectors);
	put_le64(h + 48, sectors - table_sectors - 2);
	memcpy(h + 56, disk_id->bytes, GUID_LEN);
	put_le64(h + 72, table);
	put_le32(h + 80, ENTRY_COUNT);
	put_le32(h + 84, ENTRY_SIZE);
	put_le32(h + 88, table_crc);
	put_le32(h + 16, crc(h, HEADER_SIZE));
	return gen_pwrite(fd, h, sizeof(h), self * sector_size);
}

int gen_gpt_write(int fd, uint64_t disk_size, uint32_t sector_size, const struct guid *disk_id,
        const struct gpt_partition *partitions, unsigned count)
{
	uint64_t sectors = disk_size / sector_size, last = sectors - 1;
	uint64_t backup_table = last - TABLE_SIZE / sector_size;
	uint8_t table[TABLE_SIZE] = {0};
	int r = count <= ENTRY_COUNT ? 0 : -E2BIG;

	for (unsigned i = 0; i < count && r == 0; i++)
		r = fill_entry(table + (size_t)i * ENTRY_SIZE, &partitions[i], sector_size);
	uint32_t table_crc = crc(table, sizeof(table));
	if (r == 0)
		r = write_protective_mbr(fd, sectors);
	if (r == 0)
		r = gen_pwrite(fd, table, sizeof(table), 2ull * sector_size);
	if (r == 0)
		r = gen_pwrite(fd, table, sizeof(table), backup_table * sector_size);
	if (r == 0)
		r = write_header(fd, sector_size, sectors, disk_id, 1, last, 2, table_crc);
	if (r == 0)
		r = write_header(
		        fd, sector_size, sectors, disk_id, last, 1, backup_table, table_crc);
	return r;
}
