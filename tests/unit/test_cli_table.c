/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of the command line, as they come out of a pipe and of a terminal (a pseudo-terminal). */
#include "appliance/cli/table.h"
#include "appliance/cli/terminal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

static const struct table_column columns[] = {{.heading = "MAC", .whole = true},
        {.heading = "name"}, {.heading = "attempt", .right = true}, {.heading = "what"}};

#define MAC "52:54:00:12:34:56"

/* What table_print() writes to this descriptor, in output. */
static char output[8192];

static void print_to(const struct table *t, int write_end, int read_end)
{
	int keep = dup(STDOUT_FILENO);

	(void)fflush(stdout);
	assert_true(keep >= 0 && dup2(write_end, STDOUT_FILENO) >= 0);
	terminal_look();
	int r = table_print(t);
	(void)fflush(stdout);
	ssize_t n = read(read_end, output, sizeof(output) - 1);
	assert_true(dup2(keep, STDOUT_FILENO) >= 0);
	close(keep);
	assert_int_equal(r, 0);
	assert_true(n > 0);
	output[n] = '\0';
}

static void print_to_pipe(const struct table *t)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	print_to(t, ends[1], ends[0]);
	close(ends[0]);
	close(ends[1]);
}

static void print_to_terminal(const struct table *t, unsigned short width)
{
	const struct winsize size = {.ws_col = width, .ws_row = 24};
	int ours = posix_openpt(O_RDWR | O_NOCTTY), theirs;
	struct termios raw;

	assert_true(ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0);
	theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
	assert_true(theirs >= 0 && tcgetattr(theirs, &raw) == 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(theirs, TCSANOW, &raw), 0);
	assert_int_equal(ioctl(theirs, TIOCSWINSZ, &size), 0);
	print_to(t, theirs, ours);
	close(theirs);
	close(ours);
}

static struct table *sample(void)
{
	struct table *t = table_new(columns, 4);

	table_cell(t, TABLE_PLAIN, MAC);
	table_cell(t, TABLE_PLAIN, "PC-%d", 1);
	table_cell(t, TABLE_PLAIN, "%d", 12);
	table_cell(t, TABLE_GOOD, "bad file removed and checked, and the rest of a long sentence");
	table_cell(t, TABLE_PLAIN, MAC);
	table_cell(t, TABLE_PLAIN,
	        "K\xc3\xbc"
	        "che-\xe6\x9d\xb1\xe4\xba\xac");
	table_cell(t, TABLE_PLAIN, "%d", 3);
	table_cell(t, TABLE_FAIL, "%s", "");
	return t;
}

static int setup(void **state)
{
	(void)setenv("TERM", "xterm", 1);
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	(void)unsetenv("NO_COLOR");
	(void)unsetenv("COLUMNS");
	*state = sample();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	table_free(*state);
	return 0;
}

static void test_pipe(void **state)
{
	print_to_pipe(*state);
	assert_string_equal(output,
	        "MAC                name        attempt  what\n" MAC
	        "  PC-1             12  bad file removed and checked, and the rest of a long "
	        "sentence\n" MAC "  K\xc3\xbc"
	        "che-\xe6\x9d\xb1\xe4\xba\xac        3\n");
}

/* Sixty cells: MAC and attempt are whole, the text is what is cut. */
static void test_terminal(void **state)
{
	(void)setenv("NO_COLOR", "1", 1);
	print_to_terminal(*state, 60);
	assert_string_equal(output,
	        "MAC                name        attempt  what\n" MAC
	        "  PC-1             12  bad file removed an\xe2\x80\xa6\n" MAC "  K\xc3\xbc"
	        "che-\xe6\x9d\xb1\xe4\xba\xac        3\n");
}

/* A name of wide characters is cut between two of them. */
static void test_narrow(void **state)
{
	(void)setenv("NO_COLOR", "1", 1);
	print_to_terminal(*state, 20);
	assert_non_null(strstr(output, "  K\xc3\xbc"
	                               "che-\xe2\x80\xa6         3\n"));
}

static void test_colour(void **state)
{
	print_to_terminal(*state, 200);
	assert_non_null(strstr(output, "\033[1mMAC\033[0m"));
	assert_non_null(strstr(output, "\033[32mbad file removed and checked"));
	(void)setenv("TERM", "dumb", 1);
	print_to_terminal(*state, 200);
	assert_null(strchr(output, '\033'));
}

static void test_ascii(void **state)
{
	(void)setenv("LC_ALL", "C", 1);
	(void)setenv("NO_COLOR", "1", 1);
	print_to_terminal(*state, 60);
	assert_non_null(strstr(output, "bad file removed an~\n"));
}

/* A machine that calls itself an escape sequence does not get to speak to the terminal. */
static void test_hostile(void **state)
{
	struct table *t = table_new(columns, 2);

	(void)state;
	table_cell(t, TABLE_PLAIN, "%s", "a\033]0;title\007b\nc\xff");
	table_cell(t, TABLE_PLAIN, "%s",
	        "\xc2\x9b"
	        "2J");
	print_to_pipe(t);
	table_free(t);
	assert_null(strpbrk(output, "\033\007\xff"));
	assert_null(strstr(output, "\xc2\x9b"));
	assert_non_null(strstr(output, "a?]0;title?b?c?"));
}

static void test_rows(void **state)
{
	assert_int_equal(table_rows(*state), 2);
	assert_int_equal(table_rows(NULL), 0);
	assert_true(table_print(NULL) < 0);
	table_cell(NULL, TABLE_PLAIN, "no memory is no crash");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_pipe), TEST(test_terminal), TEST(test_narrow),
	        TEST(test_colour), TEST(test_ascii), TEST(test_hostile), TEST(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
