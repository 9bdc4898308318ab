/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Crash dumps: whole ones of each kind, damaged ones, and stop codes. The files are stand-ins of
 * tests/generators/dump.c. */
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"
#include "fixer/windows/dump.h"
#include "fixer/windows/stop_code.h"
#include "tests/generators/dump.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CRASH      1721365331 /* 2024-07-19T05:02:11Z */
#define HEADER_64  0x2000
#define HEADER_32  0x1000
#define CODE_64    0x38
#define TIME_64    0xfa8
#define ENTRIES_64 (HEADER_64 + 0x400)

static const enum gen_dump_kind kinds[] = {
        GEN_DUMP_SMALL, GEN_DUMP_KERNEL, GEN_DUMP_COMPLETE, GEN_DUMP_SMALL_32};

struct file {
	struct buffer bytes;
	size_t fail_from; /* reads from here on answer -EIO */
	uint64_t read;    /* bytes read so far */
};

static int read_file(void *context, uint64_t offset, void *buf, size_t len)
{
	struct file *f = context;

	assert_true(range_within(offset, len, f->bytes.len));
	if (offset + len > f->fail_from)
		return -EIO;
	memcpy(buf, f->bytes.data + offset, len);
	f->read += len;
	return 0;
}

static void make(struct file *f, const struct gen_dump *d)
{
	*f = (struct file){.fail_from = SIZE_MAX};
	buffer_init(&f->bytes, 1 << 20);
	assert_int_equal(gen_dump_make(d, &f->bytes), 0);
}

static int parse(struct file *f, struct dump *ret)
{
	const struct dump_source source = {read_file, f, f->bytes.len};

	memset(ret, 0, sizeof(*ret));
	return dump_read(&source, ret);
}

/* The dump must be read, but name no module. */
static void assert_no_module(struct file *f)
{
	struct dump d;

	assert_int_equal(parse(f, &d), 0);
	assert_int_equal(d.code, 0x50);
	assert_string_equal(d.module, "");
}

static void every_kind_tells_code_time_and_module(void **state)
{
	(void)state;
	static const enum dump_kind expected[] = {
	        DUMP_SMALL, DUMP_KERNEL, DUMP_COMPLETE, DUMP_SMALL};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct gen_dump g = gen_dump_crowdstrike(kinds[i], CRASH);
		struct file f;
		struct dump d;
		make(&f, &g);
		assert_int_equal(parse(&f, &d), 0);
		assert_int_equal(d.kind, expected[i]);
		assert_int_equal(d.build, 22631);
		assert_int_equal(d.code, 0x50);
		assert_memory_equal(d.parameters, g.parameters, sizeof(d.parameters));
		assert_int_equal(d.time, filetime_from_ns(CRASH * 1000000000ll));
		assert_string_equal(d.module, "csagent.sys");
		buffer_free(&f.bytes);
	}
}

/* Each parameter that is an instruction's address, and one that is none. */
static void the_code_says_which_parameter_is_blamed(void **state)
{
	(void)state;
	static const struct {
		uint32_t code;
		unsigned parameter; /* 0: none */
	} cases[] = {{0x50, 3}, {0x0a, 4}, {0xd1, 4}, {0x1e, 2}, {0x3b, 2}, {0x7e, 2}, {0x8e, 2},
	        {0x1000007e, 2}, {0x1000008e, 2}, {0xd6, 3}, {0xbe, 0}, {0xef, 0}, {0x7b, 0},
	        {0xc000021a, 0}, {0x12345678, 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gen_dump g = gen_dump_crowdstrike(GEN_DUMP_SMALL, CRASH);
		struct file f;
		struct dump d;
		g.code = cases[i].code;
		for (unsigned p = 0; p < 4; p++)
			g.parameters[p] = g.modules[p + 1 == cases[i].parameter ? 4 : 2].base + 16;
		make(&f, &g);
		assert_int_equal(parse(&f, &d), 0);
		assert_string_equal(d.module, cases[i].parameter ? "tcpip.sys" : "");
		buffer_free(&f.bytes);
	}
}

static void stop_codes_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(stop_code_name(0x50), "PAGE_FAULT_IN_NONPAGED_AREA");
	assert_string_equal(stop_code_name(0x7b), "INACCESSIBLE_BOOT_DEVICE");
	assert_string_equal(stop_code_name(0xd1), "DRIVER_IRQL_NOT_LESS_OR_EQUAL");
	assert_string_equal(stop_code_name(0xef), "CRITICAL_PROCESS_DIED");
	assert_string_equal(stop_code_name(0x1000007e), "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED");
	assert_string_equal(stop_code_name(0xc000021a), "WINLOGON_FATAL_ERROR");
	assert_string_equal(stop_code_name(0x12345), "");
	assert_string_equal(stop_code_name(0x20000050), "");
}

/* Edges of a module's place: its first and last byte, and those beside. */
static void a_module_holds_its_bytes_only(void **state)
{
	(void)state;
	const struct gen_dump example = gen_dump_crowdstrike(GEN_DUMP_SMALL, CRASH);
	uint64_t base = example.modules[3].base, size = example.modules[3].size;
	const struct {
		uint64_t address;
		const char *module;
	} cases[] = {{base, "csagent.sys"}, {base + size - 1, "csagent.sys"}, {base - 1, ""},
	        {base + size, ""}, {0, ""}, {1, ""}, {UINT64_MAX, ""}};

	for (size_t k = 0; k < 3; k++) /* not of 32 bits */
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct gen_dump g = gen_dump_crowdstrike(kinds[k], CRASH);
			struct file f;
			struct dump d;
			g.parameters[2] = cases[i].address;
			make(&f, &g);
			assert_int_equal(parse(&f, &d), 0);
			assert_string_equal(d.module, cases[i].module);
			buffer_free(&f.bytes);
		}
}

static void longer_driver_entries_are_measured(void **state)
{
	(void)state;
	static const uint32_t extras[] = {0, 8, 0x18, 0x100};

	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		struct gen_dump g = gen_dump_crowdstrike(GEN_DUMP_SMALL, CRASH);
		struct file f;
		struct dump d;
		g.entry_extra = extras[i];
		make(&f, &g);
		assert_int_equal(parse(&f, &d), 0);
		assert_string_equal(d.module, "csagent.sys");
		buffer_free(&f.bytes);
	}
}

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

/* A large dump is not read whole: memory behind the tables does not matter. */
static void little_of_a_large_dump_is_read(void **state)
{
	(void)state;
	const struct gen_dump g = gen_dump_crowdstrike(GEN_DUMP_KERNEL, CRASH);
	struct file f;
	struct dump d;

	make(&f, &g);
	assert_int_equal(parse(&f, &d), 0);
	assert_true(f.read < 32 * 1024);
	buffer_free(&f.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_kind_tells_code_time_and_module),
	        cmocka_unit_test(the_code_says_which_parameter_is_blamed),
	        cmocka_unit_test(stop_codes_have_their_names),
	        cmocka_unit_test(a_module_holds_its_bytes_only),
	        cmocka_unit_test(longer_driver_entries_are_measured),
	        cmocka_unit_test(what_is_no_dump_is_refused),
	        cmocka_unit_test(a_time_no_clock_shows_is_unknown),
	        cmocka_unit_test(damaged_driver_lists_name_nobody),
	        cmocka_unit_test(damaged_names_name_nobody),
	        cmocka_unit_test(dumps_may_end_anywhere),
	        cmocka_unit_test(unreadable_parts_cost_the_module_only),
	        cmocka_unit_test(hostile_memory_ends),
	        cmocka_unit_test(hostile_page_maps_name_nobody),
	        cmocka_unit_test(little_of_a_large_dump_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
