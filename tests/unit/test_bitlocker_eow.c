/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypt-on-write: volumes in the middle of a conversion, and maps of them that can't be true. */
#include "tests/unit/fve_volume.h"

#include "fixer/bitlocker/eow.h"

#include <sodium.h>

static uint64_t encrypted_bytes(const struct fve_volume *v)
{
	uint64_t sum = 0;

	for (uint64_t at = 0; at + v->spec.sector <= v->spec.size; at += v->spec.sector)
		sum += fve_sector_is_encrypted(v, at) ? v->spec.sector : 0;
	return sum;
}

static void check_reads(const struct fve_spec *spec)
{
	struct fve_volume v;
	struct fve_opened o;
	struct error err = {0};

	fve_make(&v, spec);
	if (fve_open(&v, &o, &err) < 0)
		fail_msg("%s", err.text);
	const struct bitlocker_info *info = bitlocker_info(o.b);
	assert_true(info->encrypt_on_write && info->converting && info->needs_key);
	assert_false(info->map_damaged);
	assert_int_equal(info->encrypted_bytes, encrypted_bytes(&v));
	assert_false(o.volume->writable);
	assert_int_equal(block_write(o.volume, 128 * KIB, "x", 1), -EROFS);
	assert_int_equal(bitlocker_write_refusal(o.b, &err), -EROFS);
	assert_int_equal(err.reason, REASON_BITLOCKER_CONVERTING);
	fve_check_view(&v, o.volume);
	for (uint64_t at = fve_header_len(spec); at + spec->sector <= spec->size;
	        at += spec->sector)
		assert_int_equal(bitlocker_is_reserved(o.b, at, spec->sector),
		        v.kind[at / spec->sector] == 'r');
	assert_int_equal(v.memory.writes, 0);
	fve_close(&o);
	fve_drop(&v);
}

static void chunks_are_read_by_their_bits(void **state)
{
	(void)state;
	static const uint32_t chunks[] = {4096, 16384, 20480, 1024 * 1024};

	srandom(5);
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
			struct fve_spec spec = fve_usual_eow(sector);
			spec.chunk = chunks[i];
			spec.method = i % 2 ? METHOD_CBC128 : METHOD_XTS128;
			spec.to_go = i == 1;
			check_reads(&spec);
		}
	}
}

/* The relocated header first, and last; regions that touch a metadata copy, or leave it out. */
static void regions_lie_in_any_order(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual_eow(512);

	srandom(6);
	spec.header = 2048 * KIB - 8 * KIB;
	spec.region[1].start = spec.header;
	spec.region[0] = (struct fve_test_region){1088 * KIB, 952 * KIB, 384 * KIB, 416 * KIB};
	spec.region[2] = (struct fve_test_region){8 * KIB, 1016 * KIB, 448 * KIB, 416 * KIB};
	check_reads(&spec);
	spec = fve_usual_eow(512);
	spec.header = 32 * KIB;
	spec.header_sectors = 1;
	spec.region[1] = (struct fve_test_region){32 * KIB, 512, 400 * KIB, 0};
	spec.region[0] = (struct fve_test_region){512, 32 * KIB - 512, 384 * KIB, 0};
	spec.region[2] =
	        (struct fve_test_region){32 * KIB + 512, 2016 * KIB - 512, 448 * KIB, 480 * KIB};
	check_reads(&spec);
}

/* Cut off: the bits of what is left still count. */
static void a_shrunk_volume_is_read(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual_eow(512);

	srandom(7);
	spec.region[2].len = 1000 * KIB;
	spec.region[3] = (struct fve_test_region){1648 * KIB, 400 * KIB, 404 * KIB, 0};
	check_reads(&spec);
	spec.size = 1700 * KIB + 100;
	check_reads(&spec);
	spec.size = 1500 * KIB;
	check_reads(&spec);
}

static void expect_damaged(struct fve_volume *v, const char *what)
{
	struct fve_opened o;
	struct error err = {0};

	assert_int_equal(fve_open(v, &o, &err), -EBADMSG);
	if (!o.b)
		fail_msg("%s: not even parsed: %s", what, err.text);
	const struct bitlocker_info *info = bitlocker_info(o.b);
	if (!info->map_damaged)
		fail_msg("%s: %s", what, err.text);
	assert_int_equal(err.reason, REASON_BITLOCKER_METADATA_BAD);
	assert_non_null(strstr(err.text, "encrypt-on-write map"));
	assert_null(o.volume);
	assert_int_equal(info->encrypted_bytes, 0);
	assert_int_equal(info->protector_count, 1);
	assert_true(bitlocker_is_reserved(o.b, info->metadata_offset[1], 1));
	assert_int_equal(bitlocker_write_refusal(o.b, &err), -EROFS);
	fve_close(&o);
}

enum target { INFO, BITMAP, RECORD };

struct damage {
	const char *what;
	enum target target;
	size_t offset, width;
	uint64_t value;
};

static void put(uint8_t *p, size_t width, uint64_t value)
{
	for (size_t i = 0; i < width; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/* The CRC where the structure's own idea of its length is possible. */
static void put_and_seal(uint8_t *p, const struct damage *d)
{
	static const size_t field[] = {[INFO] = 36, [BITMAP] = 56, [RECORD] = 32};

	put(p + d->offset, d->width, d->value);
	size_t len = d->target == INFO     ? get_le16(p + 10)
	             : d->target == BITMAP ? 0x200
	                                   : get_le32(p + 12);
	if (len > field[d->target] + 4 && len <= UINT16_MAX)
		fve_crc(p, len, field[d->target]);
}

static void inflict(struct fve_volume *v, const struct damage *d)
{
	uint8_t *bitmap = v->bytes + v->spec.region[0].bitmap;

	if (d->target == BITMAP)
		put_and_seal(bitmap, d);
	for (size_t i = 0; i < 2 && d->target != BITMAP; i++)
		put_and_seal(
		        d->target == INFO ? v->bytes + v->spec.info[i] : bitmap + 0x200 * (i + 1),
		        d);
}

/* The CRC is right each time, so that only the value itself can be found out. */
static void what_contradicts_itself_is_damaged(void **state)
{
	(void)state;
	static const struct damage damages[] = {
	        {"information signature", INFO, 0, 1, 'f'},
	        {"information header size", INFO, 8, 2, 57},
	        {"information without room for its bitmaps", INFO, 10, 2, 72},
	        {"information shorter than its header", INFO, 10, 2, 55},
	        {"no region", INFO, 32, 4, 0},
	        {"fewer regions than bitmaps", INFO, 32, 4, 2},
	        {"more regions than bitmaps", INFO, 32, 4, 4},
	        {"any number of regions", INFO, 32, 4, UINT32_MAX},
	        {"no chunk", INFO, 20, 4, 0},
	        {"part of a sector as chunk", INFO, 20, 4, 16384 + 100},
	        {"more chunks than bits", INFO, 20, 4, 512},
	        {"information of another place", INFO, 40, 8, 353 * KIB},
	        {"log over the header", INFO, 24, 4, 300 * KIB},
	        {"endless log", INFO, 24, 4, UINT32_MAX},
	        {"bitmap at nothing", INFO, 56, 8, 600 * KIB},
	        {"bitmap beyond the end", INFO, 56, 8, 2048 * KIB},
	        {"bitmap beyond everything", INFO, 56, 8, UINT64_MAX - 8},
	        {"the same bitmap twice", INFO, 56, 8, 448 * KIB},
	        {"bitmap signature", BITMAP, 8, 1, 'N'},
	        {"bitmap header size", BITMAP, 10, 2, 61},
	        {"bitmap larger than allowed", BITMAP, 12, 4, EOW_MAX_BITMAP + 512},
	        {"bitmap without room for its records", BITMAP, 12, 4, 0x5ff},
	        {"region within a sector", BITMAP, 20, 8, 8 * KIB + 1},
	        {"gap before a region", BITMAP, 20, 8, 9 * KIB},
	        {"region beyond everything", BITMAP, 20, 8, UINT64_MAX - 511},
	        {"region without length", BITMAP, 28, 8, 0},
	        {"gap after a region", BITMAP, 28, 8, 624 * KIB},
	        {"overlap of regions", BITMAP, 28, 8, 632 * KIB + 512},
	        {"endless region", BITMAP, 28, 8, UINT64_MAX - 511},
	        {"log over the header", BITMAP, 36, 8, 636 * KIB},
	        {"log over a metadata copy", BITMAP, 36, 8, 256 * KIB},
	        {"log over the boot sectors", BITMAP, 36, 8, 4 * KIB},
	        {"log over a bitmap", BITMAP, 36, 8, 440 * KIB},
	        {"log beyond everything", BITMAP, 36, 8, UINT64_MAX},
	        {"record in the bitmap's header", BITMAP, 44, 4, 59},
	        {"record behind the bitmap", BITMAP, 44, 4, 0x401},
	        {"record far behind", BITMAP, 48, 4, UINT32_MAX},
	        {"records smaller than their header", BITMAP, 52, 4, 35},
	        {"records larger than the bitmap", BITMAP, 52, 4, 0x201},
	        {"record signature", RECORD, 8, 1, 'M'},
	        {"record header size", RECORD, 10, 2, 35},
	        {"record without bits", RECORD, 12, 4, 36},
	        {"record shorter than its header", RECORD, 12, 4, 35},
	        {"fewer bits than chunks", RECORD, 16, 4, 39},
	        {"more bits than the record holds", RECORD, 16, 4, 41},
	        {"records of the same age that differ", RECORD, 20, 8, 6},
	};
	const struct fve_spec spec = fve_usual_eow(512);
	struct fve_volume v;

	srandom(8);
	fve_make(&v, &spec);
	uint8_t *saved = malloc(spec.size);
	assert_non_null(saved);
	memcpy(saved, v.bytes, spec.size);
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		inflict(&v, &damages[i]);
		expect_damaged(&v, damages[i].what);
		memcpy(v.bytes, saved, spec.size);
	}
	free(saved);
	fve_drop(&v);
}

static void check_still_reads(struct fve_volume *v)
{
	struct fve_opened o;

	assert_int_equal(fve_open(v, &o, NULL), 0);
	fve_check_view(v, o.volume);
	fve_close(&o);
}

static void one_intact_copy_is_enough(void **state)
{
	(void)state;
	const struct fve_spec spec = fve_usual_eow(4096);
	struct fve_volume v;

	srandom(9);
	fve_make(&v, &spec);
	v.bytes[spec.info[0] + 20] ^= 1;
	check_still_reads(&v);
	v.bytes[spec.info[0] + 20] ^= 1;
	v.bytes[spec.info[1] + 60] ^= 1;
	check_still_reads(&v);
	v.bytes[spec.info[0] + 60] ^= 1;
	expect_damaged(&v, "both copies");
	fve_drop(&v);
}

/* The record that was being written is torn: the one before it counts. */
static void a_torn_record_leaves_the_other(void **state)
{
	(void)state;
	const struct fve_spec spec = fve_usual_eow(512);
	struct fve_volume v, older;
	struct fve_opened o;
	uint8_t *at;

	srandom(10);
	fve_make(&v, &spec);
	older = v;
	for (size_t i = 0; i < FVE_BITS; i++)
		older.bit[0][i] = !v.bit[0][i];
	at = v.bytes + spec.region[0].bitmap + 0x400;
	at[40] ^= 1;
	assert_int_equal(fve_open(&v, &o, NULL), 0);
	assert_int_equal(bitlocker_info(o.b)->encrypted_bytes, encrypted_bytes(&older));
	fve_close(&o);
	v.bytes[spec.region[0].bitmap + 0x200 + 20] ^= 1;
	expect_damaged(&v, "both records");
	/* Of the same age and alike, either will do. */
	at[40] ^= 1;
	memcpy(v.bytes + spec.region[0].bitmap + 0x200, at, 0x200);
	check_still_reads(&v);
	fve_drop(&v);
}

static void wiped_and_missing_structures_are_damage(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual_eow(512);
	struct fve_volume v;

	srandom(11);
	fve_make(&v, &spec);
	memset(v.bytes + spec.region[2].bitmap, 0, 0x600);
	expect_damaged(&v, "a bitmap wiped");
	memset(v.bytes + spec.info[0], 0, 512);
	memset(v.bytes + spec.info[1], 0, 512);
	expect_damaged(&v, "both copies wiped");
	put_le64(v.bytes + 200, 0);
	put_le64(v.bytes + 208, UINT64_MAX - 7);
	expect_damaged(&v, "no copies named");
	fve_drop(&v);
}

/* An unreadable place is damage, too: the rest of the volume is still worth telling. */
static void read_errors_are_damage(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual_eow(512);
	struct fve_volume v;

	srandom(12);
	spec.info[0] = 2000 * KIB;
	spec.info[1] = 2040 * KIB;
	fve_make(&v, &spec);
	check_still_reads(&v);
	v.memory.fail_from = 1990 * KIB;
	expect_damaged(&v, "unreadable information");
	fve_drop(&v);
}

/* Random bytes with a right CRC: no crash, no endless loop, and if it opens, it reads. */
static void hostile_maps_do_no_harm(void **state)
{
	(void)state;
	const struct fve_spec spec = fve_usual_eow(512);
	struct fve_volume v;
	static uint8_t buf[100000];
	size_t opened = 0;

	srandom(13);
	fve_make(&v, &spec);
	uint8_t *saved = malloc(spec.size);
	assert_non_null(saved);
	memcpy(saved, v.bytes, spec.size);
	for (int seed = 0; seed < 1200; seed++) {
		struct fve_opened o;
		for (int k = random() % 3; k >= 0; k--) {
			const enum target target = (enum target)(random() % 3);
			const struct damage d = {.target = target,
			        .offset = (size_t)random() % (target == INFO ? 80 : 60),
			        .width = 1 + (size_t)random() % 4,
			        .value = (uint64_t)random() % (random() % 2 ? 256 : UINT32_MAX)};
			inflict(&v, &d);
		}
		if (fve_open(&v, &o, NULL) == 0) {
			opened++;
			for (uint64_t at = 0; at < o.volume->size; at += sizeof(buf)) {
				uint64_t left = o.volume->size - at;
				assert_int_equal(block_read(o.volume, at, buf,
				                         left < sizeof(buf) ? left : sizeof(buf)),
				        0);
			}
		}
		fve_close(&o);
		memcpy(v.bytes, saved, spec.size);
	}
	assert_true(opened > 30 && opened < 1150);
	free(saved);
	fve_drop(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(chunks_are_read_by_their_bits),
	        cmocka_unit_test(regions_lie_in_any_order),
	        cmocka_unit_test(a_shrunk_volume_is_read),
	        cmocka_unit_test(what_contradicts_itself_is_damaged),
	        cmocka_unit_test(one_intact_copy_is_enough),
	        cmocka_unit_test(a_torn_record_leaves_the_other),
	        cmocka_unit_test(wiped_and_missing_structures_are_damage),
	        cmocka_unit_test(read_errors_are_damage),
	        cmocka_unit_test(hostile_maps_do_no_harm),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
