/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times people give, and cells of a table. */
#include "appliance/escrow/audit/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void times_of_people(void **state)
{
	static const int64_t now = 1800000000000;
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} cases[] = {{"90s", now - 90000}, {"30m", now - 1800000}, {"12h", now - 43200000},
	        {"7d", now - 604800000}, {"2026-11-22T13:00:00Z", 1795352400000},
	        {"2026-11-22", 1795305600000}, {"", -1}, {"7", -1}, {"7w", -1}, {"d", -1},
	        {"7dd", -1}, {"2026-11-22 13:00:00", -1}, {"2026-13-22", -1},
	        {"99999999999999999999d", -1}, {"2026-11-22T13:00:00Z2026-11-22T13:00:00Z", -1}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got = -1;
		int r = filter_since(cases[i].text, now, &got);
		if (got != cases[i].want || (r < 0) != (cases[i].want < 0))
			fail_msg("\"%s\": %lld", cases[i].text, (long long)got);
	}
}

static void cells_are_no_formulas(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {{"", "\"\","}, {"a,b", "\"a,b\","}, {"a\"b", "\"a\"\"b\","},
	        {"=1+1", "\"'=1+1\","}, {"@x", "\"'@x\","}, {"-1", "\"'-1\","},
	        {"a=b", "\"a=b\","}};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FILE *out = fmemopen(text, sizeof(text), "w");
		print_cell(out, cases[i].text, ',');
		(void)fclose(out);
		assert_string_equal(text, cases[i].want);
	}
}

static void values_of_every_kind(void **state)
{
	static const char *const cases[][2] = {{"\"x\"", "x"}, {"[\"a\",\"b\"]", "a b"}, {"[]", ""},
	        {"7", "7"}, {"true", "true"}, {"{\"a\":1}", "{\"a\":1}"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *value = json_loads(cases[i][0], JSON_DECODE_ANY, NULL);
		char *text = print_value(value);
		assert_string_equal(text, cases[i][1]);
		free(text);
		json_decref(value);
	}
	char *none = print_value(NULL);
	assert_string_equal(none, "");
	free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(times_of_people),
	        cmocka_unit_test(cells_are_no_formulas),
	        cmocka_unit_test(values_of_every_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
