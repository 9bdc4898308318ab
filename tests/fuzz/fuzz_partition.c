/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is the start of a disk; for GPT the header's and the table's CRCs are corrected, so
 * that what they guard is reached. First byte: bit 0 sector size, bit 1 no correction. */
#include "fixer/base/bytes.h"
#include "fixer/block/partition.h"
#include "tests/unit/memory_device.h"

#include <zlib.h>

#define DISK_SIZE (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void correct_crcs(uint8_t *disk, uint32_t unit)
{
	uint8_t *h = disk + unit;
	uint64_t at = get_le64(h + 72), len = (uint64_t)get_le32(h + 80) * get_le32(h + 84);

	if (at < DISK_SIZE / unit && range_within(at * unit, len, DISK_SIZE))
		put_le32(h + 88, (uint32_t)crc32_z(0, disk + at * unit, len));
	put_le32(h + 16, 0);
	if (get_le32(h + 12) <= unit)
		put_le32(h + 16, (uint32_t)crc32_z(0, h, get_le32(h + 12)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t disk[DISK_SIZE];
	static struct partition_table table;
	struct error err = {0};

	if (size < 1 || size > DISK_SIZE)
		return 0;
	uint32_t unit = data[0] & 1 ? 4096 : 512;
	memset(disk, 0, sizeof(disk));
	memcpy(disk, data + 1, size - 1);
	if (!(data[0] & 2))
		correct_crcs(disk, unit);
	struct memory_device m = memory_device_over(disk, sizeof(disk), unit);
	int r = partition_table_read(&m.dev, &table, &err);
	if (r < 0 && err.code != r)
		abort();
	for (size_t i = 0; r == 0 && i < table.count; i++)
		if (!range_within(table.entries[i].start, table.entries[i].size, DISK_SIZE))
			abort();
	return 0;
}
