/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damaged crash dumps, and such as lie. */
#include "tests/unit/dump_file.h"

static void what_is_no_dump_is_refused(void **state)
{
	(void)state;
	const struct gen_dump g = gen_dump_crowdstrike(GEN_DUMP_SMALL, CRASH);
	struct file f;
	struct dump d;

	make(&f, &g);
	f.bytes.data[4] = 'X';
	assert_int_equal(parse(&f, &d), -EBADMSG);
	memset(f.bytes.data, 0, f.bytes.len); /* a paging file */
	assert_int_equal(parse(&f, &d), -EBADMSG);
	f.bytes.len = 0;
	assert_int_equal(parse(&f, &d), -EBADMSG);
	buffer_free(&f.bytes);
	make(&f, &g);
	f.bytes.len = HEADER_64 - 1;
	assert_int_equal(parse(&f, &d), -EBADMSG);
	f.bytes.len = HEADER_64; /* enough for the code */
	assert_no_module(&f);
	put_le32(f.bytes.data + CODE_64, 0);
	assert_int_equal(parse(&f, &d), -EBADMSG);
	memcpy(f.bytes.data + CODE_64, "PAGE", 4); /* never set */
	assert_int_equal(parse(&f, &d), -EBADMSG);
	buffer_free(&f.bytes);
}

static void a_time_no_clock_shows_is_unknown(void **state)
{
	(void)state;
	const struct gen_dump g = gen_dump_crowdstrike(GEN_DUMP_SMALL, CRASH);
	static const uint64_t times[] = {0, 1, UINT64_MAX, 0x4547415045474150};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct file f;
		struct dump d;
		make(&f, &g);
		put_le64(f.bytes.data + TIME_64, times[i]);
		assert_int_equal(parse(&f, &d), 0);
		assert_int_equal(d.time, 0);
		assert_string_equal(d.module, "csagent.sys");
		buffer_free(&f.bytes);
	}
}

/* A list that does not prove itself names nobody. */
static void damaged_driver_lists_name_nobody(void **state)
{
	(void)state;
	static const struct {
		uint32_t at; /* from the triage header */
		uint32_t value;
	} cases[] = {{0x08, 0}, {0x08, UINT32_MAX}, {0x30, UINT32_MAX}, {0x30, 0}, {0x34, 0},
	        {0x34, UINT32_MAX}, {0x34, 2}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gen_dump g = gen_dump_crowdstrike(GEN_DUMP_SMALL, CRASH);
		struct file f;
		make(&f, &g);
		put_le32(f.bytes.data + HEADER_64 + cases[i].at, cases[i].value);
		assert_no_module(&f);
		buffer_free(&f.bytes);
	}
}

static void damaged_names_name_nobody(void **state)
{
	(void)state;
	const struct gen_dump g = gen_dump_crowdstrike(GEN_DUMP_SMALL, CRASH);
	struct file f;
	struct dump d;

	make(&f, &g);
	uint8_t *offset = f.bytes.data + ENTRIES_64 + 3 * 0x90;
	uint32_t name = get_le32(offset);
	put_le32(offset, UINT32_MAX);
	assert_no_module(&f);
	put_le32(offset, (uint32_t)f.bytes.len - 2);
	assert_no_module(&f);
	put_le32(offset, name);
	put_le32(f.bytes.data + name, 0);
	assert_no_module(&f);
	put_le32(f.bytes.data + name, 100000);
	assert_no_module(&f);
	put_le32(f.bytes.data + name, 50);
	put_le16(f.bytes.data + name + 4 + 2 * 45, '\n');
	assert_int_equal(parse(&f, &d), 0);
	assert_null(strchr(d.module, '\n'));
	buffer_free(&f.bytes);
}

/* Cut at any length the reader neither fails nor reads outside; whole, it reads little. */
static void dumps_may_end_anywhere(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct gen_dump g = gen_dump_crowdstrike(kinds[k], CRASH);
		struct file f;
		struct dump d;
		make(&f, &g);
		size_t whole = f.bytes.len;
		for (f.bytes.len = HEADER_64; f.bytes.len < whole; f.bytes.len += 251) {
			f.read = 0;
			assert_int_equal(parse(&f, &d), 0);
			assert_true(d.module[0] == 0 || strcmp(d.module, "csagent.sys") == 0);
		}
		buffer_free(&f.bytes);
	}
}

static void unreadable_parts_cost_the_module_only(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct gen_dump g = gen_dump_crowdstrike(kinds[k], CRASH);
		struct file f;
		struct dump d;
		make(&f, &g);
		f.fail_from = (kinds[k] == GEN_DUMP_SMALL_32 ? HEADER_32 : HEADER_64) + 0x30;
		assert_no_module(&f);
		f.fail_from = 0x800;
		assert_int_equal(parse(&f, &d), -EIO);
		buffer_free(&f.bytes);
	}
}

/* The last module is followed by the first. */
static void lead_list_back(struct file *f)
{
	uint8_t head[8];

	put_le64(head, GEN_DUMP_LIST_HEAD);
	uint8_t *last = memmem(f->bytes.data + HEADER_64, f->bytes.len - HEADER_64, head, 8);
	assert_non_null(last);
	put_le64(last, GEN_DUMP_FIRST_ENTRY);
}

/* A list of modules that never ends, and page tables that lead nowhere. */
static void hostile_memory_ends(void **state)
{
	(void)state;
	for (size_t k = 1; k < 3; k++) {
		struct gen_dump g = gen_dump_crowdstrike(kinds[k], CRASH);
		size_t pages = kinds[k] == GEN_DUMP_KERNEL ? HEADER_64 + 0x4000 : HEADER_64;
		struct file f;
		g.parameters[2] = 8; /* in no module */
		make(&f, &g);
		assert_no_module(&f);
		uint64_t whole = f.read;
		lead_list_back(&f);
		f.read = 0;
		assert_no_module(&f);
		assert_true(f.read > 10 * whole);
		buffer_free(&f.bytes);
		g = gen_dump_crowdstrike(kinds[k], CRASH);
		make(&f, &g);
		memset(f.bytes.data + pages, 0xff, 4096);
		assert_no_module(&f);
		memset(f.bytes.data + pages, 0, 4096);
		assert_no_module(&f);
		buffer_free(&f.bytes);
	}
}

static void hostile_page_maps_name_nobody(void **state)
{
	(void)state;
	static const uint64_t values[] = {0, 1, UINT64_MAX, UINT64_MAX / 2, 1ull << 40};
	static const struct {
		enum gen_dump_kind kind;
		uint32_t at;
	} fields[] = {{GEN_DUMP_KERNEL, HEADER_64 + 0x20}, {GEN_DUMP_KERNEL, HEADER_64 + 0x30},
	        {GEN_DUMP_COMPLETE, 0x88}, {GEN_DUMP_COMPLETE, 0x98}, {GEN_DUMP_COMPLETE, 0xa0},
	        {GEN_DUMP_COMPLETE, 0x10}, {GEN_DUMP_KERNEL, 0x10}, {GEN_DUMP_KERNEL, 0x20}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			const struct gen_dump g = gen_dump_crowdstrike(fields[i].kind, CRASH);
			struct file f;
			make(&f, &g);
			put_le64(f.bytes.data + fields[i].at, values[v]);
			assert_no_module(&f);
			buffer_free(&f.bytes);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_no_dump_is_refused),
	        cmocka_unit_test(a_time_no_clock_shows_is_unknown),
	        cmocka_unit_test(damaged_driver_lists_name_nobody),
	        cmocka_unit_test(damaged_names_name_nobody),
	        cmocka_unit_test(dumps_may_end_anywhere),
	        cmocka_unit_test(unreadable_parts_cost_the_module_only),
	        cmocka_unit_test(hostile_memory_ends),
	        cmocka_unit_test(hostile_page_maps_name_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
