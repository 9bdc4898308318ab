/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layout of the machine's screen, read back through a tiny terminal. */
#include "fixer/base/screen_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COLUMNS 40
#define ROWS    20

/* What a console would show: one byte per character ('#' for glyphs above ASCII), row by row. */
struct terminal {
	char cell[ROWS][COLUMNS + 1];
	unsigned row, column;
};

static const char *skip_escape(const char *p)
{
	if (*p == ']')
		return p + 9; /* OSC P n rrggbb */
	while (!((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == ']'))
		p++; /* CSI; the console's own end with ']' */
	return p + 1;
}

static void terminal_run(struct terminal *t, const char *text)
{
	memset(t, 0, sizeof(*t));
	while (*text) {
		unsigned char c = (unsigned char)*text++;
		if (c == 0x1b) {
			text = skip_escape(*text == '[' ? text + 1 : text);
		} else if (c == '\n') {
			t->row++;
		} else if (c == '\r') {
			t->column = 0;
		} else if ((c & 0xc0) != 0x80) {
			assert_in_range(t->row, 0, ROWS - 1);
			assert_in_range(t->column, 0, COLUMNS - 1);
			t->cell[t->row][t->column++] = c < 0x80 ? (char)c : '#';
		}
	}
}

static void show(const struct screen_view *v, bool big, struct terminal *t)
{
	struct buffer out;

	buffer_init(&out, 65536);
	assert_int_equal(screen_layout(v, COLUMNS, ROWS, big, &out), 0);
	terminal_run(t, (const char *)out.data);
	buffer_free(&out);
}

static bool has_row(const struct terminal *t, const char *text)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (strcmp(t->cell[i], text) == 0)
			return true;
	return false;
}

static void test_plain(void **state)
{
	(void)state;
	struct screen_view v = {.machine = "PC-0042",
	        .state = "WAITING FOR THE KEY",
	        .detail = "first line\nsecond line that is longer than the screen is wide",
	        .lines = {"a line"}};
	struct terminal t;

	show(&v, false, &t);
	assert_true(has_row(&t, "  PC-0042"));
	assert_true(has_row(&t, "  WAITING FOR THE KEY"));
	assert_true(has_row(&t, "  first line"));
	assert_true(has_row(&t, "  second line that is longer than the"));
	assert_true(has_row(&t, "  screen is wide"));
	assert_string_equal(t.cell[ROWS - 1], "  a line");
}

static void test_big_letters_take_two_by_two(void **state)
{
	(void)state;
	struct screen_view v = {.state = "NO DISK"};
	struct terminal t;

	show(&v, true, &t);
	assert_true(has_row(&t, "  ##############"));
}

/* The code takes as many columns as there are: dots of two, of one, and none where it does not fit.
 */
static void test_code(void **state)
{
	(void)state;
	struct screen_view v = {.state = "WAITING", .code = "K7Q", .detail = "after"};
	struct terminal t;

	show(&v, false, &t);
	for (unsigned i = 0; i < SCREEN_LETTER; i++)
		assert_int_equal(strlen(t.cell[4 + i]), 2 + 2 * 17);
	assert_string_equal(t.cell[3], "");
	assert_string_equal(t.cell[10], "  after");
	memcpy(v.code, "K7Q2MF", 7);
	show(&v, false, &t);
	assert_int_equal(strlen(t.cell[4]), 2 + 35);
	memcpy(v.code, "K7Q 2MF", 8);
	show(&v, false, &t);
	assert_string_equal(t.cell[4], "  after");
}

static void test_letters_of_the_code_differ(void **state)
{
	static const char letters[] = "ACDEFGHJKLMNPQRTUVWXY34679";

	(void)state;
	for (size_t i = 0; letters[i]; i++)
		for (size_t k = 0; letters[k]; k++)
			if (i != k)
				assert_memory_not_equal(screen_letter(letters[i]),
				        screen_letter(letters[k]), SCREEN_LETTER);
}

static void test_nothing_leaves_the_screen(void **state)
{
	(void)state;
	struct screen_view v = {0};
	struct terminal t;

	memset(v.machine, 'm', sizeof(v.machine) - 1);
	memset(v.state, 'S', sizeof(v.state) - 1);
	memset(v.code, 'K', sizeof(v.code) - 1);
	memset(v.detail, 'd', sizeof(v.detail) - 1);
	memset(v.advice, '\n', sizeof(v.advice) - 1);
	for (unsigned i = 0; i < SCREEN_LINES; i++)
		memset(v.lines[i], 'l', sizeof(v.lines[i]) - 1);
	show(&v, true, &t);
	show(&v, false, &t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_plain),
	        cmocka_unit_test(test_big_letters_take_two_by_two),
	        cmocka_unit_test(test_code),
	        cmocka_unit_test(test_letters_of_the_code_differ),
	        cmocka_unit_test(test_nothing_leaves_the_screen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
