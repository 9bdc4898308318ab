/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata: what is read from it, which damage is survived, which refused, and that hostile bytes
 * do no harm. */
#include "tests/unit/bitlocker_helpers.h"

#include <sodium.h>

#define HOSTILE_SEEDS 600

static void open_and_read(
        struct block_device *dev, const struct bitlocker *b, const struct secret *vmk)
{
	struct block_device *volume = NULL;
	uint8_t buf[3000];

	if (bitlocker_open(dev, b, vmk, &volume, NULL) < 0)
		return;
	for (uint64_t at = 0; at < 20; at++)
		(void)block_read(volume, volume->size / 20 * at + at, buf, sizeof(buf));
	block_close(volume);
}

static int parse_memory(uint8_t *bytes, size_t len, enum reason *ret_reason)
{
	struct memory_device m = memory_device_over(bytes, len, 512);
	struct bitlocker *b = NULL;
	struct error err = {0};
	int r = bitlocker_parse(&m.dev, &b, &err);

	assert_true(r == 0 ? b != NULL : b == NULL && err.code == r && err.text[0]);
	*ret_reason = err.reason;
	bitlocker_free(b);
	return r;
}

static void volumes_are_told_apart(void **state)
{
	(void)state;
	uint8_t s[4096] = {0xeb, 0x52, 0x90};
	enum reason reason;

	memcpy(s + 3, "NTFS    ", 8);
	assert_false(bitlocker_probe(s, sizeof(s)));
	assert_int_equal(parse_memory(s, sizeof(s), &reason), -ENODEV);
	memcpy(s + 3, "MSWIN4.1", 8);
	assert_false(bitlocker_probe(s, sizeof(s))); /* FAT without the volume type */
	memcpy(s + 3, "-FVE-FS-", 8);
	assert_true(bitlocker_probe(s, sizeof(s)));
	assert_false(bitlocker_probe(s, 511));
	assert_int_equal(parse_memory(s, sizeof(s), &reason), -ENOTSUP);
	assert_int_equal(reason, REASON_BITLOCKER_VISTA);
	s[1] = 0x58;
	assert_int_equal(parse_memory(s, sizeof(s), &reason), -EBADMSG);
	assert_int_equal(reason, REASON_BITLOCKER_METADATA_BAD);
	assert_int_equal(parse_memory(s, 511, &reason), -EINVAL);
}

static void metadata_says_what_the_volume_is(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128-smart-card");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	char text[GUID_TEXT];

	assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
	const struct bitlocker_info *info = bitlocker_info(b);
	assert_string_equal(bitlocker_method_name(info->method), "xts-aes-128");
	assert_int_equal(info->current_state, 4);
	assert_int_equal(info->next_state, 4);
	assert_int_equal(info->sector_size, 512);
	assert_int_equal(info->encrypted_size, 104857600);
	assert_int_equal(info->metadata_offset[1], 0x2c1d000);
	assert_int_equal(info->header_offset, 0x21a5000);
	assert_int_equal(info->header_sectors, 16);
	assert_int_equal(info->good_copies, 3);
	assert_true(info->copies_agree);
	assert_false(info->suspended);
	bool certificate = false, recovery = false;
	for (size_t i = 0; i < info->protector_count; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		guid_format(&p->id, text);
		if (strcmp(text, "7D2245B9-CCD5-49D0-B4F5-653162A71744") == 0)
			certificate = p->kind == PROTECTOR_CERTIFICATE && !p->has_blob;
		if (strcmp(text, "1F9DA098-0CC4-464D-A101-188E70F434A6") == 0)
			recovery = p->kind == PROTECTOR_RECOVERY_PASSWORD && p->has_blob;
	}
	assert_true(certificate && recovery);
	assert_int_equal(info->protectors_left_out, 0);
	assert_int_equal(bitlocker_write_refusal(b, NULL), 0);
}

/* Damages the first `copies` copies in several places, one at a time. */
static void any_intact_copy_is_enough(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_FREE struct bitlk_saved *saved = bitlk_save(image);
	static const size_t places[] = {0, 10, 32, 100, 300, 870, 884}; /* the last: the CRC */

	for (size_t p = 0; p < sizeof(places) / sizeof(*places); p++) {
		for (unsigned bad = 1; bad <= 3; bad++) {
			struct bitlocker *b = NULL;
			struct error err = {0};
			bitlk_copy(image, bad - 1)[places[p]] ^= 0x10;
			int r = bitlocker_parse(&m.dev, &b, &err);
			assert_int_equal(r, bad < 3 ? 0 : -EBADMSG);
			if (bad == 3) {
				assert_int_equal(err.reason, REASON_BITLOCKER_METADATA_BAD);
				break;
			}
			assert_int_equal(bitlocker_info(b)->good_copies, 3 - bad);
			assert_false(bitlocker_info(b)->copies_agree);
			assert_int_equal(bitlocker_write_refusal(b, &err), -EROFS);
			assert_int_equal(err.reason, REASON_BITLOCKER_COPIES_DIFFER);
			bitlocker_free(b);
		}
		bitlk_restore(saved);
	}
}

static void copies_that_differ_are_not_written(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_FREE struct bitlk_saved *saved = bitlk_save(image);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_BLOCK struct block_device *volume = NULL;
	struct error err = {0};

	bitlk_copy(image, 2)[100 - 4] ^= 1; /* the next nonce */
	bitlk_fix_crc(bitlk_copy(image, 2));
	assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
	assert_int_equal(bitlocker_info(b)->good_copies, 3);
	assert_false(bitlocker_info(b)->copies_agree);
	assert_int_equal(bitlocker_write_refusal(b, &err), -EROFS);
	assert_int_equal(err.reason, REASON_BITLOCKER_COPIES_DIFFER);
	CLEANUP_SECRET struct secret *vmk = bitlk_vmk(image, b, 0);
	assert_int_equal(bitlocker_open(&m.dev, b, vmk, &volume, NULL), 0);
	assert_false(volume->writable);
	assert_int_equal(block_write(volume, 0x100000, "x", 1), -EROFS);
	bitlk_restore(saved);
}

static void seal_is_checked(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_FREE struct bitlk_saved *saved = bitlk_save(image);
	CLEANUP_BITLOCKER struct bitlocker *forged = NULL;
	struct block_device *volume = NULL;
	struct error err = {0};

	for (size_t i = 0; i < 3; i++) {
		put_le32(bitlk_copy(image, i) + 28, 32); /* more relocated sectors than there are */
		bitlk_fix_crc(bitlk_copy(image, i));
	}
	assert_int_equal(bitlocker_parse(&m.dev, &forged, NULL), 0);
	CLEANUP_SECRET struct secret *vmk = bitlk_vmk(image, forged, 0);
	assert_int_equal(bitlocker_open(&m.dev, forged, vmk, &volume, &err), -EBADMSG);
	assert_int_equal(err.reason, REASON_BITLOCKER_METADATA_BAD);
	vmk->data[0] ^= 1;
	assert_int_equal(bitlocker_open(&m.dev, forged, vmk, &volume, &err), -EKEYREJECTED);
	assert_int_equal(err.reason, REASON_BITLOCKER_WRONG_KEY);
	assert_null(volume);
	bitlk_restore(saved);
}

static void areas_must_not_overlap(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128");
	CLEANUP_FREE struct bitlk_saved *saved = bitlk_save(image);
	const uint64_t wrong[] = {0, 512, 0x2195000, 0x2195000 - 4096, image->size,
	        image->size - 4096, UINT64_MAX - 511, 0x21a5001};
	enum reason reason;

	for (size_t w = 0; w < sizeof(wrong) / sizeof(*wrong); w++) {
		for (size_t i = 0; i < 3; i++) {
			put_le64(bitlk_copy(image, i) + 56, wrong[w]);
			bitlk_fix_crc(bitlk_copy(image, i));
		}
		assert_int_equal(parse_memory(image->bytes, image->size, &reason), -EBADMSG);
		assert_int_equal(reason, REASON_BITLOCKER_METADATA_BAD);
	}
	bitlk_restore(saved);
}

static void unreadable_copies_are_bad_copies(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	struct bitlocker *none = NULL;
	struct error err = {0};

	m.fail_from = 0x2c1d000; /* the first copy can be read */
	assert_int_equal(bitlocker_parse(&m.dev, &b, &err), 0);
	assert_int_equal(bitlocker_info(b)->good_copies, 1);
	m.fail_from = 4096;
	assert_int_equal(bitlocker_parse(&m.dev, &none, &err), -EIO);
	assert_int_equal(err.reason, REASON_DISK_READ_ERROR);
	m.fail_from = 0;
	assert_int_equal(bitlocker_parse(&m.dev, &none, &err), -EIO);
	assert_int_equal(err.reason, REASON_DISK_READ_ERROR);
	assert_null(none);
}

/* Each seed changes up to eight bytes, the same in all copies, and corrects the CRC (and for half
 * of the seeds the seal), so that the parser and the volume see them. */
static void hostile_metadata_does_no_harm(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128-two-recovery");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_FREE struct bitlk_saved *saved = bitlk_save(image);
	CLEANUP_BITLOCKER struct bitlocker *whole = NULL;
	size_t parsed = 0;

	assert_int_equal(bitlocker_parse(&m.dev, &whole, NULL), 0);
	CLEANUP_SECRET struct secret *vmk = bitlk_vmk(image, whole, 0);
	srandom(291);
	for (int seed = 0; seed < HOSTILE_SEEDS; seed++) {
		struct bitlocker *b = NULL;
		size_t first = (size_t)random() % 1200, n = 1 + (size_t)random() % 8;
		for (size_t i = 0; i < 3; i++) {
			uint8_t *copy = bitlk_copy(image, i);
			for (size_t k = 0; k < n; k++)
				copy[8 + (first + k * 37) % 1200] ^= (uint8_t)(seed + 1);
			memcpy(copy + 32, saved->copies[i] + 32, 24); /* still in its place */
			if (seed % 2 && bitlk_copy_len(copy) < 65000)
				bitlk_reseal(copy, vmk);
			bitlk_fix_crc(copy);
		}
		if (bitlocker_parse(&m.dev, &b, NULL) == 0) {
			open_and_read(&m.dev, b, vmk);
			bitlocker_free(b);
			parsed++;
		}
		bitlk_restore(saved);
	}
	assert_true(parsed > 20 && parsed < HOSTILE_SEEDS);
}

static void truncated_volumes_do_no_harm(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128");
	enum reason reason;

	for (size_t len = image->size; len > 512; len -= len / 40 + 1) {
		int r = parse_memory(image->bytes, len, &reason);
		assert_true(r == 0 || reason == REASON_BITLOCKER_METADATA_BAD);
		/* The first copy and the relocated header behind it are enough. */
		assert_int_equal(r, len >= 0x21a7000 ? 0 : -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(volumes_are_told_apart),
	        cmocka_unit_test(metadata_says_what_the_volume_is),
	        cmocka_unit_test(any_intact_copy_is_enough),
	        cmocka_unit_test(copies_that_differ_are_not_written),
	        cmocka_unit_test(seal_is_checked),
	        cmocka_unit_test(areas_must_not_overlap),
	        cmocka_unit_test(unreadable_copies_are_bad_copies),
	        cmocka_unit_test(hostile_metadata_does_no_harm),
	        cmocka_unit_test(truncated_volumes_do_no_harm),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, bitlk_setup, bitlk_teardown);
}
