/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The input is the start of a volume; the rest of it is zeros. The signature of the boot sector is
 * put right. What is found is read, and nothing takes more reads than the largest directories on
 * the path and the file can have.
 */
#include "fixer/base/bytes.h"
#include "fixer/fat/fat.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fat_image.h"
#include "tests/unit/memory_device.h"

#define FILE_MAX (256 * 1024)
/* With clusters of 512 bytes, each with its entry in the table: four directories of 2 MiB, the
 * file, the boot sector. */
#define READS_MAX (4 * 2 * 4096 + 2 * FILE_MAX / 512 + 16)

static uint8_t volume[FAT_IMAGE_MAX];
static size_t reads;

static int counted_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	must(++reads < READS_MAX);
	return memory_read(dev, offset, buf, len);
}

static void try_path(const struct fat *fat, const char *path)
{
	static uint8_t out[FILE_MAX];
	struct fat_file file;

	int r = fat_find(fat, path, &file);
	if (r < 0) {
		must(r == -ENOENT || r == -ENOTDIR || r == -EBADMSG);
		return;
	}
	r = fat_read(fat, &file, out, sizeof(out));
	must(r == 0 || r == -EISDIR || r == -EFBIG || r == -EBADMSG);
	must(r != 0 || (!file.is_directory && file.size <= sizeof(out)));
	must(r != -EISDIR || file.is_directory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct block_ops ops = {.read = counted_read, .close = memory_close};
	struct fat fat;

	if (size < 512 || size > FAT_IMAGE_USED)
		return 0;
	memcpy(volume, data, size);
	put_le16(volume + 510, 0xaa55);
	struct memory_device m = memory_device_over(volume, sizeof(volume), 512);
	m.dev.ops = &ops;
	m.dev.writable = false;
	reads = 0;
	int r = fat_open(&m.dev, &fat);
	must(r == 0 || r == -EBADMSG);
	if (r == 0) {
		must(fat.bits == 12 || fat.bits == 16 || fat.bits == 32);
		must(fat.clusters > 0 &&
		        range_within(fat.data, (uint64_t)fat.clusters * fat.cluster, m.dev.size));
		try_path(&fat, FAT_IMAGE_PATH);
		reads = 0;
		try_path(&fat, "\\EFI\\..");
	}
	memset(volume, 0, size);
	return 0;
}
