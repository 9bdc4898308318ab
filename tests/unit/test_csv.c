/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV of a text in memory, and what is written comes back as it was. */
#include "fixer/base/csv.h"
#include "fixer/base/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void test_memory(void **state)
{
	(void)state;
	static const char utf16[] = "\xff\xfe"
	                            "a\0,\0\xe4\0\r\0\n\0\"\0x\0,\0\"\0\"\0\"\0;\0\r\0\n";
	static const char text[] = "\xef\xbb\xbfn;\"m\n\"\"1\"\"\"\n\n x ; y";
	struct csv_row row;

	struct csv *csv = csv_new_memory(text, strlen(text));
	assert_non_null(csv);
	assert_int_equal(csv_peek(csv, &row), 1);
	csv_rewind(csv, ';');
	assert_int_equal(csv_next(csv, &row), 1);
	assert_int_equal(row.count, 2);
	assert_string_equal(row.cells[0], "n");
	assert_string_equal(row.cells[1], "m\n\"1\"");
	assert_int_equal(row.last_line, 2);
	assert_int_equal(csv_next(csv, &row), 1);
	assert_int_equal(row.line, 3);
	assert_int_equal(csv_next(csv, &row), 1);
	assert_string_equal(row.cells[0], "x");
	assert_string_equal(row.cells[1], "y");
	assert_int_equal(csv_next(csv, &row), 0);
	csv_free(csv);
	csv = csv_new_memory(utf16, sizeof(utf16));
	assert_int_equal(csv_next(csv, &row), 1);
	assert_string_equal(row.cells[1], "ä");
	assert_int_equal(csv_next(csv, &row), 1);
	assert_string_equal(row.cells[0], "x,\";");
	assert_int_equal(csv_next(csv, &row), 0);
	csv_free(csv);
}

static void test_round_trip(void **state)
{
	(void)state;
	static const char *const cells[] = {"", "plain", "=1+1", "@x", "-5", "+41 31", "'", "''",
	        "'=x", "'quoted'", "a,b", "semi;colon", "say \"hi\"", "\"", "=\"a\",1",
	        "two\nlines", "Zürich"};
	const size_t count = sizeof(cells) / sizeof(cells[0]);
	struct buffer out;
	struct csv_row row;

	buffer_init(&out, 4096);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(csv_append(&out, i == 0, cells[i]), 0);
	assert_int_equal(buffer_append(&out, CSV_ROW_END, 2), 0);
	struct csv *csv = csv_new_memory(out.data, out.len);
	assert_int_equal(csv_next(csv, &row), 1);
	assert_int_equal(row.count, count);
	for (size_t i = 0; i < count; i++) {
		/* No cell is one that a spreadsheet runs. */
		assert_null(row.cells[i][0] ? strchr("=+-@\t\r", row.cells[i][0]) : NULL);
		assert_string_equal(csv_plain(row.cells[i]), cells[i]);
	}
	csv_free(csv);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_memory),
	        cmocka_unit_test(test_round_trip),
	};

	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
