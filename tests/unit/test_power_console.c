/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine writes to its serial console, as a screen. */
#include "appliance/power/console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct power_screen screen;

static void show(const char *bytes)
{
	struct console_terminal *t = console_terminal_new();

	assert_non_null(t);
	memset(&screen, 'x', sizeof(screen));
	console_terminal_write(t, bytes, strlen(bytes));
	console_terminal_rows(t, &screen);
	console_terminal_free(t);
}

static void expect_empty_but(size_t row, const char *text)
{
	for (size_t i = 0; i < POWER_SCREEN_ROWS; i++)
		assert_string_equal(screen.rows[i], i == row ? text : "");
}

static void nothing_is_an_empty_screen(void **state)
{
	(void)state;
	show("");
	expect_empty_but(0, "");
}

static void text_stands_where_it_was_put(void **state)
{
	(void)state;
	show("old\x1b[2J\x1b[5;3H\x1b[1;31mStop code\x1b[0m   ");
	expect_empty_but(4, "  Stop code");
}

static void what_is_too_much_scrolls_away(void **state)
{
	char text[64 * 16] = "";

	(void)state;
	for (int i = 1; i <= 30; i++)
		(void)snprintf(text + strlen(text), 16, "%sline %d", i == 1 ? "" : "\r\n", i);
	show(text);
	assert_string_equal(screen.rows[0], "line 7");
	assert_string_equal(screen.rows[POWER_SCREEN_ROWS - 1], "line 30");
}

static void a_long_line_goes_on_in_the_next(void **state)
{
	char text[POWER_SCREEN_COLUMNS + 3];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	show(text);
	assert_int_equal(strlen(screen.rows[0]), POWER_SCREEN_COLUMNS);
	assert_string_equal(screen.rows[1], "aa");
}

/* Four bytes a character, a whole row of them: the longest there is. */
static void the_longest_row_has_room(void **state)
{
	char text[4 * POWER_SCREEN_COLUMNS + 1] = "";

	(void)state;
	for (int i = 0; i < POWER_SCREEN_COLUMNS; i++)
		memcpy(text + 4 * i, "\xf0\x90\x8d\x88", 4); /* U+10348, as wide as a letter */
	show(text);
	expect_empty_but(0, text);
}

static void characters_that_are_not_ascii(void **state)
{
	(void)state;
	show("caf\xc3\xa9 \xe2\x82\xac \xe6\xbc\xa2\xe5\xad\x97 end");
	expect_empty_but(0, "caf\xc3\xa9 \xe2\x82\xac \xe6\xbc\xa2\xe5\xad\x97 end");
	show("\x1b(0qx\x1b(B");
	expect_empty_but(0, "\xe2\x94\x80\xe2\x94\x82");
}

/* Bytes that are no UTF-8, what turns the direction of text, controls that came as characters. */
static void what_could_confuse_a_reader_is_replaced(void **state)
{
	(void)state;
	show("a\xff"
	     "b");
	expect_empty_but(0, "a\xef\xbf\xbd"
	                    "b");
	show("a\xe2\x80\xae"
	     "b");
	assert_null(strstr(screen.rows[0], "\xe2\x80\xae"));
	assert_true(screen.rows[0][0] == 'a');
}

static void numbers_out_of_all_bounds(void **state)
{
	(void)state;
	show("\x1b[99999999999999999999;99999999999H!\x1b[2147483648L\x1b[4294967295M"
	     "\x1b[2147483647@\x1b[2147483647P\x1b[2147483647b\x1b[2J\x1b[HX");
	expect_empty_but(0, "X");
}

/* libvterm 0.1.4 never came back from the second one. */
static void what_has_no_width_is_not_repeated(void **state)
{
	(void)state;
	show("a=\x1b[3b");
	expect_empty_but(0, "a====");
	show("\xcc\x81\x1b[6b\r\nend");
	assert_string_equal(screen.rows[1], "end");
	show("=\x1b[9999b\x1b[99999b");
	assert_int_equal(strlen(screen.rows[0]), POWER_SCREEN_COLUMNS);
	assert_string_equal(screen.rows[1], "=");
}

/* libvterm 0.1.4 died of the first one. */
static void questions_titles_and_colours_are_no_text(void **state)
{
	(void)state;
	show("a\x1bP$qff\x1b\\b\x1b]0;title\x07"
	     "c\x1b[1;38:2:1:2:3md\x1b[6n\x1b[?69h\x1b[5;20se");
	expect_empty_but(0, "abcde");
}

static void a_string_without_an_end_ends(void **state)
{
	char bytes[2000] = "a\x1b]";

	(void)state;
	memset(bytes + 3, 'x', 1024);
	memcpy(bytes + 3 + 1024, "bcd", 4);
	show(bytes);
	expect_empty_but(0, "abcd");
}

static void saved_and_restored(void **state)
{
	(void)state;
	show("ab\x1b[s\x1b[10;10Hx\x1b[uc\x1b"
	     "7\x1b[5;5Hy\x1b"
	     "8d");
	assert_string_equal(screen.rows[0], "abcd");
	assert_string_equal(screen.rows[9], "         x");
	assert_string_equal(screen.rows[4], "    y");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_an_empty_screen),
	        cmocka_unit_test(text_stands_where_it_was_put),
	        cmocka_unit_test(what_is_too_much_scrolls_away),
	        cmocka_unit_test(a_long_line_goes_on_in_the_next),
	        cmocka_unit_test(the_longest_row_has_room),
	        cmocka_unit_test(characters_that_are_not_ascii),
	        cmocka_unit_test(what_could_confuse_a_reader_is_replaced),
	        cmocka_unit_test(numbers_out_of_all_bounds),
	        cmocka_unit_test(what_has_no_width_is_not_repeated),
	        cmocka_unit_test(questions_titles_and_colours_are_no_text),
	        cmocka_unit_test(a_string_without_an_end_ends),
	        cmocka_unit_test(saved_and_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
