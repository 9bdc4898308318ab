/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The input is a directory of tests/generators/ntfs_bare.h (its shape, its sizes) and changes to
 * it, made where no update sequence is in the way: which record, block or boot sector, where in it,
 * how many bytes, these bytes.
 */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/rename.h"
#include "tests/fuzz/fuzz.h"
#include "tests/generators/ntfs_bare.h"
#include "tests/unit/memory_device.h"

#define SIZES       16 /* eight sizes of clusters, two of records */
#define BOOT_SECTOR (BARE_RECORDS + BARE_BLOCKS)

static struct bare_ntfs bare;

/* Made once: that takes longer than what is tested. */
static const struct bare_ntfs *made(unsigned shape, unsigned sizes)
{
	static struct bare_ntfs *all[BARE_SHAPES][SIZES];
	struct bare_ntfs **one = &all[shape][sizes];

	if (!*one) {
		*one = malloc(sizeof(**one));
		must(*one);
		bare_make(
		        *one, (enum bare_shape)shape, 512u << (sizes & 7), sizes & 8 ? 4096 : 1024);
	}
	return *one;
}

static void change(struct cursor *c)
{
	uint8_t which = cursor_u8(c);
	size_t at = cursor_le16(c), len = cursor_u8(c);
	size_t limit = which < BOOT_SECTOR ? BARE_RECORD : BARE_UNIT;
	const uint8_t *bytes = cursor_take(c, len);

	if (!bytes || which > BOOT_SECTOR || !range_within(at, len, limit))
		return;
	uint8_t *to = which < BARE_RECORDS  ? bare.records[which]
	              : which < BOOT_SECTOR ? bare.blocks[which - BARE_RECORDS]
	                                    : bare.bytes;
	memcpy(to + at, bytes, len);
}

static void check_blocks(const struct ntfs_rename *rename)
{
	must(rename->count > 0 && rename->count <= NTFS_RENAME_BLOCKS && rename->name_len > 4);
	for (size_t i = 0; i < rename->count; i++) {
		const struct ntfs_block *b = &rename->blocks[i];
		must(b->len % 512 == 0 && range_within(b->offset, b->len, BARE_SIZE));
		must(memcmp(bare.bytes + b->offset, b->old_bytes, b->len) == 0);
	}
}

/* What was renamed is as planned, and cannot be renamed again. */
static void apply(struct block_device *dev, const struct ntfs_rename *rename)
{
	struct ntfs_rename again;
	struct error err = {0};

	must(ntfs_rename_same_on(rename, dev) == 1);
	must(ntfs_rename_apply(dev, rename) == 0);
	for (size_t i = 0; i < rename->count; i++) {
		const struct ntfs_block *b = &rename->blocks[i];
		must(memcmp(bare.bytes + b->offset, b->new_bytes, b->len) == 0);
	}
	must(ntfs_rename_same_on(rename, dev) == 0);
	int r = ntfs_rename_prepare(dev, BARE_DIR, BARE_FILE, &again, &err);
	must(r < 0);
	must_explain(r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data, size);
	struct ntfs_rename rename;
	struct error err = {0};

	uint8_t shape = cursor_u8(&c), sizes = cursor_u8(&c);
	bare = *made(shape % BARE_SHAPES, sizes % SIZES);
	while (c.left > 0 && !c.failed)
		change(&c);
	bare_finish(&bare);
	struct memory_device m = memory_device_over(bare.bytes, sizeof(bare.bytes), 512);
	int r = ntfs_rename_prepare(&m.dev, BARE_DIR, BARE_FILE, &rename, &err);
	must_explain(r, &err);
	must(m.writes == 0);
	if (r < 0)
		return 0;
	check_blocks(&rename);
	apply(&m.dev, &rename);
	ntfs_rename_free(&rename);
	return 0;
}
