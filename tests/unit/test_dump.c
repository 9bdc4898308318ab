/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole crash dumps of each kind, and stop codes. */
#include "fixer/base/text.h"
#include "fixer/windows/stop_code.h"
#include "tests/unit/dump_file.h"

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

	for (size_t i = 0; i < 2 * sizeof(extras) / sizeof(extras[0]); i++) {
		struct gen_dump g = gen_dump_crowdstrike(GEN_DUMP_SMALL, CRASH);
		struct file f;
		struct dump d;
		g.entry_extra = extras[i / 2];
		g.pool_gap = i % 2 * 4; /* as when the names are aligned */
		make(&f, &g);
		assert_int_equal(parse(&f, &d), 0);
		assert_string_equal(d.module, "csagent.sys");
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
	        cmocka_unit_test(little_of_a_large_dump_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
