/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The input is a byte of flags, a boot sector and a metadata block. The block is put in three
 * places; what names those places and the CRC are put right, so that the parser behind them is
 * reached.
 */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "tests/fuzz/volume_io.h"
#include "tests/unit/memory_device.h"

#include <sodium.h>
#include <zlib.h>

#define VOLUME_SIZE (512 * 1024)
#define BOOT        512
#define BLOCK_MAX   65536
#define PLACE(i)    (0x20000ULL * ((i) + 1))

/* Bits 0 to 2: the copy of that number gets a flipped bit. */
enum flag {
	FLAG_4096 = 8, /* the device's own sectors */
	FLAG_TO_GO = 16,
	FLAG_COPIES_UNREADABLE = 32, /* all but the first */
	FLAG_UNREADABLE = 64         /* all but the boot sector */
};

static uint8_t volume[VOLUME_SIZE];

static void place_copies(uint8_t flags, const uint8_t *block, size_t len)
{
	uint8_t *places = volume + (flags & FLAG_TO_GO ? 424 : 160) + 16;

	for (size_t i = 0; i < 3; i++) {
		uint8_t *copy = volume + PLACE(i);
		memcpy(copy, block, len);
		for (size_t k = 0; k < 3; k++) {
			put_le64(places + 8 * k, PLACE(k));
			put_le64(copy + 32 + 8 * k, PLACE(k));
		}
		size_t covered = (size_t)get_le16(copy + 8) * 16;
		if (covered <= BLOCK_MAX - 8)
			put_le32(copy + covered + 4, (uint32_t)crc32_z(0, copy, covered));
		copy[covered < BLOCK_MAX ? covered / 2 : 0] ^= flags >> i & 1;
	}
}

/* A protector whose key nobody has: whatever its blob holds, it does not open. */
static void check_protector(const struct bitlocker_protector *p, const struct secret *key)
{
	CLEANUP_SECRET struct secret *vmk = NULL;

	must(bitlocker_protector_name(p->kind)[0]);
	must(!p->has_blob || !p->stretch_flags_unknown);
	must(!p->has_blob || p->kind == PROTECTOR_RECOVERY_PASSWORD ||
	        p->kind == PROTECTOR_PASSPHRASE || p->kind == PROTECTOR_STARTUP_KEY);
	if (p->has_blob)
		must(bitlocker_blob_open(&p->blob, key, &vmk) < 0 && !vmk);
}

/* What a caller relies on after a successful parse. */
static void check_info(const struct bitlocker *b, const struct secret *key)
{
	const struct bitlocker_info *info = bitlocker_info(b);

	must(info->protector_count <= NM_MAX_PROTECTORS);
	must(info->good_copies >= 1 && info->good_copies <= 3);
	must(info->sector_size == 512 || info->sector_size == 4096);
	must(info->volume_size == VOLUME_SIZE);
	volume_words_check(info);
	for (size_t i = 0; i < info->protector_count; i++)
		check_protector(&info->protectors[i], key);
	for (uint64_t at = 0; at < VOLUME_SIZE; at += 512) {
		must(range_within(bitlocker_physical(b, at), 512, VOLUME_SIZE));
		(void)bitlocker_is_reserved(b, at, 512);
	}
	for (size_t i = 0; i < 3; i++)
		must(bitlocker_is_reserved(b, info->metadata_offset[i], BLOCK_MAX));
}

static void check_keys(
        struct block_device *dev, const struct bitlocker *b, const struct secret *key)
{
	CLEANUP_SECRET struct secret *clear = NULL;
	CLEANUP_BLOCK struct block_device *plain = NULL;
	struct error err = {0};

	int r = bitlocker_clear_key(b, &clear, &err);
	must_explain(r, &err);
	must((r == 0) == (clear != NULL));
	r = bitlocker_write_refusal(b, &err);
	must_explain(r, &err);
	r = bitlocker_open(dev, b, key, &plain, &err); /* nobody seals metadata by accident */
	must(r < 0 && !plain);
	must_explain(r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[BITLOCKER_KEY_LEN];
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_SECRET struct secret *key = NULL;
	struct error err = {0};

	must(sodium_init() >= 0);
	if (size < 1 + BOOT + 64 || size > 1 + BOOT + BLOCK_MAX)
		return 0;
	memset(volume, 0, sizeof(volume));
	memcpy(volume, data + 1, BOOT);
	place_copies(data[0], data + 1 + BOOT, size - 1 - BOOT);
	struct memory_device m =
	        memory_device_over(volume, sizeof(volume), data[0] & FLAG_4096 ? 4096 : 512);
	if (data[0] & FLAG_COPIES_UNREADABLE)
		m.fail_from = PLACE(1);
	if (data[0] & FLAG_UNREADABLE)
		m.fail_from = BOOT;
	int r = bitlocker_parse(&m.dev, &b, &err);
	must_explain(r, &err);
	must((r == 0) == (b != NULL));
	must(r != 0 || bitlocker_probe(volume, BOOT));
	key = secret_copy(zeros, sizeof(zeros));
	must(key);
	if (r == 0) {
		check_info(b, key);
		check_keys(&m.dev, b, key);
	}
	must(m.writes == 0);
	return 0;
}
