/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a boot sector and a metadata block. The block is put in three places, what names
 * those places and the CRC are corrected, so that the parser behind them is reached. */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "tests/unit/memory_device.h"

#include <sodium.h>
#include <zlib.h>

#define VOLUME_SIZE (1024 * 1024)
#define BOOT        512
#define BLOCK_MAX   65536
#define PLACE(i)    (0x20000ULL * ((i) + 1))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void place_copies(uint8_t *volume, const uint8_t *block, size_t len)
{
	for (size_t i = 0; i < 3; i++) {
		uint8_t *copy = volume + PLACE(i);
		memcpy(copy, block, len);
		for (size_t k = 0; k < 3; k++) {
			put_le64(volume + 160 + 16 + 8 * k, PLACE(k));
			put_le64(copy + 32 + 8 * k, PLACE(k));
		}
		size_t covered = (size_t)get_le16(copy + 8) * 16;
		if (covered <= BLOCK_MAX - 8)
			put_le32(copy + covered + 4, (uint32_t)crc32_z(0, copy, covered));
	}
}

/* What a caller relies on after a successful parse. */
static void check_promises(const struct bitlocker *b)
{
	const struct bitlocker_info *info = bitlocker_info(b);

	if (info->protector_count > NM_MAX_PROTECTORS || info->good_copies == 0)
		abort();
	for (uint64_t at = 0; at < VOLUME_SIZE; at += 512) {
		if (!range_within(bitlocker_physical(b, at), 512, VOLUME_SIZE))
			abort();
		(void)bitlocker_is_reserved(b, at, 512);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t volume[VOLUME_SIZE];
	static const uint8_t key[BITLOCKER_KEY_LEN];
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_SECRET struct secret *clear = NULL;
	CLEANUP_BLOCK struct block_device *plain = NULL;
	struct error err = {0};

	if (sodium_init() < 0 || size < BOOT + 64 || size > BOOT + BLOCK_MAX)
		return 0;
	memset(volume, 0, sizeof(volume));
	memcpy(volume, data, BOOT);
	place_copies(volume, data + BOOT, size - BOOT);
	struct memory_device m = memory_device_over(volume, sizeof(volume), 512);
	int r = bitlocker_parse(&m.dev, &b, &err);
	if (r < 0) {
		if (err.code != r || b)
			abort();
		return 0;
	}
	check_promises(b);
	CLEANUP_SECRET struct secret *vmk = secret_copy(key, sizeof(key));
	if (bitlocker_open(&m.dev, b, vmk, &plain, NULL) == 0)
		abort(); /* nobody seals metadata by accident */
	(void)bitlocker_clear_key(b, &clear, NULL);
	(void)bitlocker_write_refusal(b, NULL);
	return 0;
}
