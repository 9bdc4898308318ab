/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypt-on-write: volumes in the middle of a conversion, with whole and with torn maps. */
#include "tests/unit/fve_damage.h"

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
	v.bytes[spec.region[2].bitmap + 100] ^= 1;
	expect_damaged(&v, "a bitmap with another checksum");
	memset(v.bytes + spec.region[2].bitmap, 0, 0x600);
	expect_damaged(&v, "a bitmap wiped");
	memset(v.bytes + spec.info[0], 0, 512);
	memset(v.bytes + spec.info[1], 0, 512);
	expect_damaged(&v, "both copies wiped");
	fve_drop(&v);
	spec.region[1] = spec.region[2];
	spec.region[2].len = 0;
	fve_make(&v, &spec);
	expect_damaged(&v, "no region for the relocated header");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(chunks_are_read_by_their_bits),
	        cmocka_unit_test(regions_lie_in_any_order),
	        cmocka_unit_test(a_shrunk_volume_is_read),
	        cmocka_unit_test(one_intact_copy_is_enough),
	        cmocka_unit_test(a_torn_record_leaves_the_other),
	        cmocka_unit_test(wiped_and_missing_structures_are_damage),
	        cmocka_unit_test(read_errors_are_damage),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
