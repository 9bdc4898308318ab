/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and writing the plaintext volume, over a RAM overlay, against a shadow of it. */
#include "tests/unit/bitlocker_helpers.h"
#include "fixer/block/overlay.h"

#include <sodium.h>

#define WINDOW  (48 * 1024)
#define WINDOWS 5
#define WRITES  250
#define AREA    65536

/* Parts of a volume whose plaintext is kept beside it. */
struct shadow {
	uint64_t start[WINDOWS];
	uint8_t bytes[WINDOWS][WINDOW];
};

struct opened {
	struct memory_device memory;
	struct block_device *overlay, *volume;
	struct bitlocker *b;
	struct secret *vmk;
};

static void open_image(const char *name, struct opened *o)
{
	const struct bitlk_image *image = bitlk_need(name);

	o->memory = memory_device_over(image->bytes, image->size, 512);
	assert_int_equal(bitlocker_parse(&o->memory.dev, &o->b, NULL), 0);
	o->vmk = bitlk_vmk(image, o->b, 0);
	assert_int_equal(overlay_open(&o->memory.dev, 16 * 1024 * 1024, &o->overlay), 0);
	assert_int_equal(bitlocker_open(o->overlay, o->b, o->vmk, &o->volume, NULL), 0);
	assert_true(o->volume->writable);
}

static void close_image(struct opened *o)
{
	assert_int_equal(o->memory.writes, 0);
	block_close(o->volume);
	block_close(o->overlay);
	secret_free(o->vmk);
	bitlocker_free(o->b);
}

/* Whether a write there must be refused, worked out from the description of the format alone. */
static bool is_forbidden(const struct bitlocker_info *info, uint64_t offset, uint64_t len)
{
	uint64_t header = (uint64_t)info->header_sectors * info->sector_size;
	uint64_t end = offset + len;

	for (size_t i = 0; i < 3; i++)
		if (offset < info->metadata_offset[i] + AREA && end > info->metadata_offset[i])
			return true;
	return offset < info->header_offset + header && end > info->header_offset;
}

static void read_shadow(struct opened *o, struct shadow *s)
{
	const struct bitlocker_info *info = bitlocker_info(o->b);
	uint64_t header = (uint64_t)info->header_sectors * info->sector_size;
	const uint64_t start[WINDOWS] = {0, info->header_offset + header - 4096,
	        info->metadata_offset[1] - WINDOW + 6000, info->volume_size - WINDOW, 0x1234567};

	memcpy(s->start, start, sizeof(start));
	for (size_t w = 0; w < WINDOWS; w++)
		assert_int_equal(block_read(o->volume, s->start[w], s->bytes[w], WINDOW), 0);
}

static void check_shadow(struct block_device *volume, const struct shadow *s)
{
	static uint8_t buf[WINDOW];

	for (size_t w = 0; w < WINDOWS; w++) {
		assert_int_equal(block_read(volume, s->start[w], buf, WINDOW), 0);
		assert_memory_equal(buf, s->bytes[w], WINDOW);
		for (size_t i = 0; i < 40; i++) {
			size_t at = (size_t)random() % (WINDOW - 1), left = WINDOW - at;
			size_t len = 1 + (size_t)random() % (left < 9000 ? left : 9000);
			assert_int_equal(block_read(volume, s->start[w] + at, buf, len), 0);
			assert_memory_equal(buf, s->bytes[w] + at, len);
		}
	}
}

static void write_somewhere(struct opened *o, struct shadow *s)
{
	static uint8_t data[WINDOW];
	size_t w = (size_t)random() % WINDOWS, at = (size_t)random() % WINDOW;
	size_t most = random() % 4 ? 40 : 20000, left = WINDOW - at;
	size_t len = 1 + (size_t)random() % (left < most ? left : most);

	randombytes_buf(data, len);
	int r = block_write(o->volume, s->start[w] + at, data, len);
	if (is_forbidden(bitlocker_info(o->b), s->start[w] + at, len)) {
		assert_int_equal(r, -EPERM);
		return;
	}
	assert_int_equal(r, 0);
	memcpy(s->bytes[w] + at, data, len);
}

struct change_check {
	const struct opened *o;
	const struct shadow *s;
};

/* Every changed sector of the disk must be where a window's bytes lie. */
static int change_is_in_a_window(void *context, const struct sector_change *change)
{
	const struct change_check *c = context;
	const struct bitlocker_info *info = bitlocker_info(c->o->b);
	uint64_t at = change->lba * 512, unit = info->sector_size;

	for (size_t w = 0; w < WINDOWS; w++) {
		uint64_t first = c->s->start[w] / unit * unit;
		uint64_t end = (c->s->start[w] + WINDOW + unit - 1) / unit * unit;
		for (uint64_t v = first; v < end; v += 512)
			if (bitlocker_physical(c->o->b, v) == at && !is_forbidden(info, v, 512))
				return 0;
	}
	return 1;
}

static void write_and_read_back(const char *name)
{
	struct opened o = {0};
	static struct shadow s;
	struct block_device *again = NULL;
	size_t count = 0;

	open_image(name, &o);
	read_shadow(&o, &s);
	assert_int_equal(overlay_changed(o.overlay, &count), 0);
	assert_int_equal(count, 0);
	for (int i = 0; i < WRITES; i++)
		write_somewhere(&o, &s);
	check_shadow(o.volume, &s);
	/* The metadata is still there, and a second volume sees the same. */
	assert_int_equal(bitlocker_open(o.overlay, o.b, o.vmk, &again, NULL), 0);
	check_shadow(again, &s);
	block_close(again);
	struct change_check c = {&o, &s};
	assert_int_equal(overlay_each(o.overlay, change_is_in_a_window, &c), 0);
	close_image(&o);
}

static void random_writes_read_back(void **state)
{
	(void)state;
	static const char *const names[] = {"aes-cbc-128", "aes-cbc-256", "aes-xts-128",
	        "aes-xts-256", "aes-cbc-elephant-128", "aes-cbc-elephant-256", "aes-xts-128-4k",
	        "aes-cbc-128-4k"};

	srandom(1907);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		write_and_read_back(names[i]);
}

static void writing_the_same_changes_nothing(void **state)
{
	(void)state;
	struct opened o = {0};
	static uint8_t buf[70000];
	size_t count = 99;

	open_image("aes-cbc-elephant-128", &o);
	assert_int_equal(block_read(o.volume, 100, buf, sizeof(buf)), 0);
	assert_int_equal(block_write(o.volume, 100, buf, sizeof(buf)), 0);
	assert_int_equal(overlay_changed(o.overlay, &count), 0);
	assert_int_equal(count, 0);
	close_image(&o);
}

static void own_areas_read_as_zero_and_refuse_writes(void **state)
{
	(void)state;
	struct opened o = {0};
	static const uint8_t zero[AREA];
	static uint8_t buf[AREA];

	open_image("aes-xts-128", &o);
	const struct bitlocker_info *info = bitlocker_info(o.b);
	const struct {
		uint64_t start, len;
	} areas[] = {{info->metadata_offset[0], AREA}, {info->metadata_offset[1], AREA},
	        {info->metadata_offset[2], AREA}, {info->header_offset, 8192}};
	for (size_t i = 0; i < sizeof(areas) / sizeof(*areas); i++) {
		uint64_t start = areas[i].start, end = start + areas[i].len;
		assert_int_equal(block_read(o.volume, start, buf, areas[i].len), 0);
		assert_memory_equal(buf, zero, areas[i].len);
		assert_int_equal(block_write(o.volume, start, "x", 1), -EPERM);
		assert_int_equal(block_write(o.volume, end - 1, "x", 1), -EPERM);
		assert_int_equal(block_write(o.volume, start - 600, buf, 601), -EPERM);
		assert_true(bitlocker_is_reserved(o.b, start - 1, 2));
		assert_true(bitlocker_is_reserved(o.b, end - 1, UINT64_MAX));
		assert_false(bitlocker_is_reserved(o.b, start, 0));
	}
	size_t count = 99;
	assert_int_equal(overlay_changed(o.overlay, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(block_write(o.volume, info->metadata_offset[0] - 1, "x", 1), 0);
	assert_int_equal(block_write(o.volume, info->metadata_offset[2] + AREA, "x", 1), 0);
	assert_false(bitlocker_is_reserved(o.b, info->metadata_offset[0] - 1, 1));
	assert_true(bitlocker_is_reserved(o.b, 8191, 1));
	assert_false(bitlocker_is_reserved(o.b, 8192, 512));
	close_image(&o);
}

static void relocated_sectors_are_found(void **state)
{
	(void)state;
	struct opened o = {0};
	uint8_t boot[512];

	open_image("aes-xts-128-4k", &o);
	const struct bitlocker_info *info = bitlocker_info(o.b);
	assert_int_equal(bitlocker_physical(o.b, 0), info->header_offset);
	assert_int_equal(bitlocker_physical(o.b, 8191), info->header_offset + 8191);
	assert_int_equal(bitlocker_physical(o.b, 8192), 8192);
	assert_int_equal(block_read(o.volume, 0, boot, sizeof(boot)), 0);
	assert_memory_equal(boot + 3, "NTFS    ", 8);
	assert_int_equal(get_le16(boot + 510), 0xaa55);
	close_image(&o);
}

static void flush_reaches_the_device_below(void **state)
{
	(void)state;
	struct opened o = {0};
	struct block_device *volume = NULL;

	open_image("aes-xts-128", &o);
	assert_int_equal(bitlocker_open(&o.memory.dev, o.b, o.vmk, &volume, NULL), 0);
	assert_int_equal(block_flush(volume), 0);
	assert_int_equal(block_drop_cache(volume, 0, 512), 0);
	assert_int_equal(o.memory.flushes, 1);
	assert_int_equal(o.memory.drops, 1);
	block_close(volume);
	o.memory.dev.writable = false;
	assert_int_equal(bitlocker_open(&o.memory.dev, o.b, o.vmk, &volume, NULL), 0);
	assert_false(volume->writable);
	block_close(volume);
	close_image(&o);
}

/* Windows 7 converts from the front: encrypted up to StateOffset, plain from there on. */
static void state_decides_what_is_encrypted(void **state)
{
	(void)state;
	static const struct {
		uint16_t current, next;
		bool front_encrypted, back_encrypted, writable;
		enum reason refusal;
	} cases[] = {
	        {4, 4, true, false, true, REASON_OK},
	        {5, 1, true, false, false, REASON_BITLOCKER_CONVERTING},
	        {3, 1, true, false, false, REASON_BITLOCKER_CONVERTING},
	        {1, 1, false, false, false, REASON_BITLOCKER_STATE}, /* nothing vouches for it */
	        {1, 4, false, false, false, REASON_BITLOCKER_CONVERTING},
	};
	const struct bitlk_image *image = bitlk_need("aes-cbc-256");
	CLEANUP_FREE struct bitlk_saved *saved = bitlk_save(image);
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	const uint64_t boundary = 0x4000000;
	CLEANUP_SECRET struct secret *vmk = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bitlocker *b = NULL;
		struct block_device *volume = NULL;
		struct error err = {0};
		uint8_t buf[512];
		if (!vmk) {
			assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
			vmk = bitlk_vmk(image, b, 0);
			bitlocker_free(b);
		}
		for (size_t c = 0; c < 3; c++) {
			put_le16(bitlk_copy(image, c) + 12, cases[i].current);
			put_le16(bitlk_copy(image, c) + 14, cases[i].next);
			put_le64(bitlk_copy(image, c) + 16, boundary);
			bitlk_reseal(bitlk_copy(image, c), vmk);
		}
		assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
		assert_int_equal(bitlocker_open(&m.dev, b, vmk, &volume, NULL), 0);
		assert_int_equal(volume->writable, cases[i].writable);
		assert_int_equal(bitlocker_write_refusal(b, &err), cases[i].writable ? 0 : -EROFS);
		assert_int_equal(err.reason, cases[i].refusal);
		assert_int_equal(block_read(volume, boundary - 512, buf, 512), 0);
		assert_int_equal(memcmp(buf, image->bytes + boundary - 512, 512) != 0,
		        cases[i].front_encrypted);
		assert_int_equal(block_read(volume, boundary, buf, 512), 0);
		assert_int_equal(
		        memcmp(buf, image->bytes + boundary, 512) != 0, cases[i].back_encrypted);
		block_close(volume);
		bitlocker_free(b);
		bitlk_restore(saved);
	}
}

static void unknown_methods_and_states_are_refused(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128");
	CLEANUP_FREE struct bitlk_saved *saved = bitlk_save(image);
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_SECRET struct secret *key = secret_new(32);
	static const struct {
		size_t field;
		uint16_t value;
		enum reason reason;
	} cases[] = {{100, 0x8006, REASON_BITLOCKER_METHOD}, {12, 9, REASON_BITLOCKER_STATE},
	        {12, 0, REASON_BITLOCKER_STATE}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bitlocker *b = NULL;
		struct block_device *volume = NULL;
		struct error err = {0};
		for (size_t c = 0; c < 3; c++) {
			put_le16(bitlk_copy(image, c) + cases[i].field, cases[i].value);
			bitlk_fix_crc(bitlk_copy(image, c));
		}
		assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
		assert_int_equal(bitlocker_open(&m.dev, b, key, &volume, &err), -ENOTSUP);
		assert_int_equal(err.reason, cases[i].reason);
		assert_null(volume);
		bitlocker_free(b);
		bitlk_restore(saved);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(random_writes_read_back),
	        cmocka_unit_test(writing_the_same_changes_nothing),
	        cmocka_unit_test(own_areas_read_as_zero_and_refuse_writes),
	        cmocka_unit_test(relocated_sectors_are_found),
	        cmocka_unit_test(flush_reaches_the_device_below),
	        cmocka_unit_test(state_decides_what_is_encrypted),
	        cmocka_unit_test(unknown_methods_and_states_are_refused),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, bitlk_setup, bitlk_teardown);
}
