/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read where: states and watermarks, sizes that do not fit the metadata, the relocated
 * header's places. */
#include "tests/unit/fve_case.h"

static uint64_t encrypted_until(const struct fve_spec *s)
{
	uint64_t whole = s->size / s->sector * s->sector;

	if (s->state == 1)
		return 0;
	if (s->state_offset >= whole)
		return whole;
	return (s->state_offset + s->sector - 1) / s->sector * s->sector;
}

/* Makes the volume and reads all of it. */
static void check_reads(const struct fve_spec *spec)
{
	struct fve_volume v;
	struct fve_opened o;
	struct error err = {0};

	fve_make(&v, spec);
	if (fve_open(&v, &o, &err) < 0)
		fail_msg("state %u/%u: %s", spec->state, spec->next, err.text);
	assert_int_equal(bitlocker_info(o.b)->encrypted_bytes, encrypted_until(spec));
	assert_int_equal(bitlocker_info(o.b)->volume_size, spec->size);
	fve_check_view(&v, o.volume);
	for (uint64_t at = fve_header_len(spec); at + spec->sector <= spec->size; at += 512)
		assert_int_equal(
		        bitlocker_is_reserved(o.b, at, 1), v.kind[at / spec->sector] == 'r');
	assert_int_equal(v.memory.writes, 0);
	fve_close(&o);
	fve_drop(&v);
}

/* What can't be parsed, and why. */
static void check_bad(const struct fve_spec *spec, enum reason reason)
{
	struct fve_volume v;
	struct fve_opened o;
	struct error err = {0};

	fve_make(&v, spec);
	assert_int_equal(fve_open(&v, &o, &err), -EBADMSG);
	assert_null(o.b);
	assert_int_equal(err.reason, reason);
	fve_drop(&v);
}

/* Paused, decrypting, and so on: before the watermark encrypted, behind it plain. */
static void the_watermark_divides(void **state)
{
	(void)state;
	static const uint16_t states[][2] = {{4, 4}, {3, 1}, {5, 1}, {3, 4}, {5, 4}, {4, 1}};
	static const uint64_t offsets[] = {0, 512, 300 * 1024, 640 * 1024 + 4096, 1000 * 1024 + 512,
	        1000 * 1024 + 100, 2048 * 1024 - 1, 2048 * 1024 + 512, UINT64_MAX};

	srandom(20);
	for (size_t i = 0; i < COUNT(offsets); i++) {
		for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
			struct fve_spec spec = fve_usual(sector);
			spec.state = states[i % COUNT(states)][0];
			spec.next = states[i % COUNT(states)][1];
			spec.state_offset = offsets[i];
			spec.method = i % 2 ? METHOD_CBC128 : METHOD_XTS128;
			check_reads(&spec);
		}
	}
}

/* State 1 with another next state: encryption was asked for and has not begun. */
static void nothing_is_encrypted_in_state_1(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual(512);

	srandom(21);
	spec.state = 1;
	check_reads(&spec);
	spec.next = 1;
	check_reads(&spec);
	spec.plain_digest = true;
	check_reads(&spec);
}

static void the_conversion_buffer_reads_as_zero(void **state)
{
	(void)state;
	static const struct {
		uint64_t offset;
		uint32_t size;
	} cases[] = {{400 * 1024, 65536}, {400 * 1024, 1}, {400 * 1024 + 100, 512}, {400 * 1024, 0},
	        {240 * 1024, 100 * 1024} /* over a metadata copy */, {0, 4096},
	        {600 * 1024, 65536} /* over the header */, {644 * 1024, 512},
	        {2000 * 1024, 1024 * 1024}, {2048 * 1024, 65536}, {3000 * 1024, 65536}};

	srandom(22);
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
			struct fve_spec spec = fve_usual(sector);
			spec.state = 2;
			spec.next = i % 2 ? 1 : 4;
			spec.state_offset = cases[i].offset;
			spec.state_size = cases[i].size;
			check_reads(&spec);
		}
	}
}

static void any_size_against_the_metadata_is_read(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {2048 * 1024 + 100, 2048 * 1024 + 512, 2048 * 1024 + 4000,
	        2700 * 1024, 2048 * 1024 - 512, 1856 * 1024, 1856 * 1024 - 512, 1800 * 1024,
	        1791 * 1024, 700 * 1024, 648 * 1024};

	srandom(23);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
			struct fve_spec spec = fve_usual(sector);
			spec.size = sizes[i];
			check_reads(&spec);
		}
	}
	/* Without all of its header, and without a whole copy. */
	static const uint64_t too_small[] = {648 * 1024 - 512, 320 * 1024 - 512};
	struct fve_spec spec = fve_usual(512);
	struct fve_volume v;
	struct fve_opened o;
	struct error err = {0};
	fve_make(&v, &spec);
	for (size_t i = 0; i < COUNT(too_small); i++) {
		v.memory.dev.size = too_small[i];
		assert_int_equal(fve_open(&v, &o, &err), -EBADMSG);
		assert_int_equal(err.reason, REASON_BITLOCKER_METADATA_BAD);
		assert_null(o.b);
	}
	fve_drop(&v);
}

static void a_shrunk_volume_says_which_copies_are_left(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual(512);
	struct fve_volume v;
	struct fve_opened o;
	struct error err = {0};

	srandom(24);
	spec.size = 1800 * KIB; /* the third copy is cut */
	fve_make(&v, &spec);
	assert_int_equal(fve_open(&v, &o, &err), 0);
	const struct bitlocker_info *info = bitlocker_info(o.b);
	assert_int_equal(info->good_copies, 2);
	assert_true(info->copy_good[0] && info->copy_good[1] && !info->copy_good[2]);
	assert_false(info->copies_agree);
	assert_false(o.volume->writable);
	assert_int_equal(bitlocker_write_refusal(o.b, &err), -EROFS);
	assert_int_equal(err.reason, REASON_BITLOCKER_COPIES_DIFFER);
	assert_non_null(strstr(err.text, "1 of the 3 metadata copies"));
	/* What is left of the copy is still BitLocker's. */
	assert_true(bitlocker_is_reserved(o.b, 1800 * KIB - 1, 1));
	fve_close(&o);
	fve_drop(&v);
}

/* Before, between and behind the copies; any number of sectors. */
static void the_header_lies_anywhere(void **state)
{
	(void)state;
	static const struct {
		uint64_t at;
		uint32_t len;
	} good[] = {{640 * 1024, 4096}, {640 * 1024, 200 * 1024}, {8192, 8192}, {4096, 4096},
	        {248 * 1024, 8192}, {320 * 1024, 8192}, {1016 * 1024, 8192}, {2040 * 1024, 8192},
	        {1100 * 1024, 256 * 1024}};
	static const struct {
		uint64_t at;
		uint32_t len;
	} bad[] = {{640 * 1024, 0}, {0, 4096}, {4096, 8192}, {248 * 1024, 12288},
	        {256 * 1024, 8192}, {316 * 1024, 8192}, {256 * 1024, 65536}, {2044 * 1024, 8192},
	        {2048 * 1024, 4096}, {640 * 1024 + 100, 4096}, {UINT64_MAX - 4095, 8192},
	        {640 * 1024, 300 * 1024}};

	srandom(25);
	for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
		struct fve_spec spec = fve_usual(sector);
		for (size_t i = 0; i < COUNT(good); i++) {
			spec.header = good[i].at;
			spec.header_sectors = good[i].len / sector;
			spec.method = i % 2 ? METHOD_CBC128 : METHOD_XTS128;
			check_reads(&spec);
		}
	}
	struct fve_spec spec = fve_usual(512);
	spec.header_sectors = 1;
	check_reads(&spec);
	/* Only the metadata tells: the writer of the test can't place these. */
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fve_volume v;
		struct fve_opened o;
		struct error err = {0};
		spec = fve_usual(512);
		fve_make(&v, &spec);
		for (size_t c = 0; c < 3; c++) {
			put_le64(v.bytes + spec.metadata[c] + 56, bad[i].at);
			put_le32(v.bytes + spec.metadata[c] + 28, bad[i].len / 512);
			fve_finish_copy(&v, v.bytes + spec.metadata[c]);
		}
		assert_int_equal(fve_open(&v, &o, &err), -EBADMSG);
		assert_int_equal(err.reason, REASON_BITLOCKER_METADATA_BAD);
		assert_null(o.b);
		fve_drop(&v);
	}
}

static void copies_must_not_share_a_place(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual(512);

	srandom(26);
	spec.metadata[1] = spec.metadata[0];
	check_bad(&spec, REASON_BITLOCKER_METADATA_BAD);
	spec = fve_usual(512);
	spec.metadata[2] = 1024 * KIB + 65536 - 512; /* destroys the second */
	check_bad(&spec, REASON_BITLOCKER_METADATA_BAD);
	spec = fve_usual(4096);
	spec.metadata[0] += 512; /* not where a sector begins */
	check_bad(&spec, REASON_BITLOCKER_METADATA_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_watermark_divides),
	        cmocka_unit_test(nothing_is_encrypted_in_state_1),
	        cmocka_unit_test(the_conversion_buffer_reads_as_zero),
	        cmocka_unit_test(any_size_against_the_metadata_is_read),
	        cmocka_unit_test(a_shrunk_volume_says_which_copies_are_left),
	        cmocka_unit_test(the_header_lies_anywhere),
	        cmocka_unit_test(copies_must_not_share_a_place),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
