/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where may be written, and that the device then holds, byte for byte, what the test's own writer
 * would have put there.
 */
#include "tests/unit/fve_case.h"

/* The device is what the writer makes of the view. */
static void expect_as_written(struct case_volume *c)
{
	struct fve_volume again = c->v;

	again.bytes = c->made;
	fve_put_data(&again);
	if (memcmp(c->made, c->v.bytes, c->v.spec.size) == 0)
		return;
	for (uint64_t i = 0; i < c->v.spec.size; i++)
		if (c->made[i] != c->v.bytes[i])
			fail_msg("byte %#llx of the device differs", (unsigned long long)i);
}

/* The first byte of [at, at + len) that may not be written; UINT64_MAX when all may. */
static uint64_t first_forbidden(const struct fve_volume *v, uint64_t at, uint64_t len)
{
	for (uint64_t i = at; i < at + len; i++)
		if (i >= fve_header_len(&v->spec) && v->kind[i / v->spec.sector] == 'r')
			return i;
	return UINT64_MAX;
}

static void expect_refused(struct case_volume *c, uint64_t at, uint64_t len)
{
	static const uint8_t data[4 * FVE_AREA];

	assert_int_equal(block_write(c->o.volume, at, data, len), -EPERM);
	assert_int_equal(bitlocker_refused_at(c->o.volume), first_forbidden(&c->v, at, len));
	expect_untouched(c);
}

/* First and last byte, over either end, over the whole, from inside out. */
static void bitlocker_s_own_areas_are_refused(void **state)
{
	(void)state;

	srandom(48);
	for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
		struct fve_spec spec = fve_usual(sector);
		struct case_volume c;
		case_open(&c, &spec);
		assert_int_equal(bitlocker_refused_at(c.o.volume), UINT64_MAX);
		assert_int_equal(bitlocker_refused_at(&c.v.memory.dev), UINT64_MAX);
		for (size_t i = 0; i < 4; i++) {
			uint64_t start = i < 3 ? spec.metadata[i] : spec.header;
			uint64_t len = i < 3 ? FVE_AREA : fve_header_len(&spec);
			expect_refused(&c, start, 1);
			expect_refused(&c, start + len - 1, 1);
			expect_refused(&c, start - 1, 2);
			expect_refused(&c, start - 5000, 5001);
			expect_refused(&c, start + len - 1, 10000);
			expect_refused(&c, start - 700, len + 1400);
			expect_refused(&c, start + 100, 3);
		}
		expect_refused(&c, 4096, 254 * 1024); /* through the relocated sectors' place */
		assert_int_equal(block_write(c.o.volume, spec.size - 1, "xx", 2), -EINVAL);
		expect_untouched(&c);
		case_close(&c);
	}
}

static void write_and_note(struct case_volume *c, uint64_t at, uint64_t len)
{
	static uint8_t data[200000];

	fve_fill(data, len);
	int r = block_write(c->o.volume, at, data, len);
	uint64_t forbidden = first_forbidden(&c->v, at, len);
	if (forbidden != UINT64_MAX) {
		assert_int_equal(r, -EPERM);
		assert_int_equal(bitlocker_refused_at(c->o.volume), forbidden);
		return;
	}
	assert_int_equal(r, 0);
	memcpy(c->v.view + at, data, len);
}

/* Around each place where one kind of sector ends and another begins. */
static void write_at_boundaries(struct case_volume *c)
{
	const struct fve_spec *s = &c->v.spec;
	uint64_t size = c->o.volume->size;

	for (uint64_t at = s->sector; at < size; at += s->sector) {
		bool boundary = at == fve_header_len(s) ||
		                c->v.kind[at / s->sector] != c->v.kind[at / s->sector - 1];
		if (!boundary)
			continue;
		static const uint64_t before[] = {1, 3, 511, 512, 513, 4096, 4097, 6000};
		for (size_t i = 0; i < COUNT(before); i++) {
			uint64_t first = at > before[i] ? at - before[i] : 0;
			write_and_note(c, first, before[i] < at ? before[i] : at);
			uint64_t room = size - first;
			write_and_note(c, first, room < 12000 ? room : 12000);
			write_and_note(c, at, size - at < before[i] ? size - at : before[i]);
		}
	}
}

static void write_anywhere(struct case_volume *c)
{
	for (int i = 0; i < 500; i++) {
		uint64_t at = (uint64_t)random() % c->o.volume->size;
		uint64_t room = c->o.volume->size - at, most = random() % 8 ? 5000 : 200000;
		write_and_note(c, at, 1 + (uint64_t)random() % (room < most ? room : most));
	}
	write_and_note(c, 0, 1);
	write_and_note(c, c->o.volume->size - 1, 1);
}

static void the_device_holds_what_was_written(void **state)
{
	(void)state;
	static const struct {
		uint16_t state;
		uint64_t size, state_offset, header;
		uint32_t header_len;
	} cases[] = {
	        {4, 2048 * 1024, 2048 * 1024, 640 * 1024, 8192},
	        {4, 2400 * 1024 + 100, 2048 * 1024 + 100, 640 * 1024, 200 * 1024}, /* grown */
	        {4, 2048 * 1024, 2048 * 1024, 8192, 4096},
	        {4, 2048 * 1024, 644 * 1024, 640 * 1024, 8192}, /* the header half encrypted */
	        {1, 2048 * 1024, 2048 * 1024, 2040 * 1024, 8192},
	};

	srandom(49);
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct fve_spec spec = fve_usual(i % 2 ? 4096 : 512);
		struct case_volume c;
		spec.method = i / 2 % 2 ? METHOD_CBC128 : METHOD_XTS128;
		spec.state = spec.next = cases[i / 2].state;
		spec.plain_digest = spec.state == 1;
		spec.size = cases[i / 2].size;
		spec.state_offset = cases[i / 2].state_offset;
		spec.header = cases[i / 2].header;
		spec.header_sectors = cases[i / 2].header_len / spec.sector;
		case_open(&c, &spec);
		assert_true(c.o.volume->writable);
		write_at_boundaries(&c);
		write_anywhere(&c);
		fve_check_view(&c.v, c.o.volume);
		expect_as_written(&c);
		case_close(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(bitlocker_s_own_areas_are_refused),
	        cmocka_unit_test(the_device_holds_what_was_written),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
