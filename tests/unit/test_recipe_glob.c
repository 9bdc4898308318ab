/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/text.h"
#include "fixer/windows/recipe_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool match(const char *glob, const char *name)
{
	uint16_t units[64];
	size_t len;

	assert_int_equal(utf8_to_utf16(name, units, 64, &len), 0);
	return recipe_glob_match(glob, units, len, NULL);
}

static void test_glob(void **state)
{
	(void)state;
	assert_true(match("C-00000291*.sys", "C-00000291-00000000-00000032.sys"));
	assert_true(match("C-00000291*.sys", "c-00000291-00000000-00000032.SYS"));
	assert_true(match("C-00000291*.sys", "C-00000291.sys"));
	assert_false(match("C-00000291*.sys", "C-00000290-00000000-00000032.sys"));
	assert_false(match("C-00000291*.sys", "C-00000291-00000000-00000032.sys.bak"));
	assert_false(match("C-00000291*.sys", "xC-00000291.sys"));
	assert_false(match("C-00000291*.sys", ""));
	assert_true(match("*a*b*", "xxaxxbxx"));
	assert_true(match("*ab", "aab"));
	assert_true(match("a?c", "abc"));
	assert_false(match("a?c", "ac"));
	assert_false(match("a", "ab"));
	/* '?' is one UTF-16 unit, as for Windows: a character beyond them needs two. */
	assert_true(match("a?c", "a\xc3\xa4"
	                         "c"));
	assert_false(match("a?c", "a\xf0\x9f\x8c\x8d"
	                          "c"));
	assert_true(match("a??c", "a\xf0\x9f\x8c\x8d"
	                          "c"));
	assert_true(match("\xf0\x9f\x8c\x8d*", "\xf0\x9f\x8c\x8d.sys"));
	assert_false(match("\xc3\xa4", "\xc3\x84")); /* without a table ASCII only */
	/* Quick although a naive matcher would take for ever. */
	assert_false(match(
	        "*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

/* The volume's own table decides what is the same letter. */
static void test_glob_upcase(void **state)
{
	static uint16_t upcase[65536];

	(void)state;
	for (unsigned i = 0; i < 65536; i++)
		upcase[i] = (uint16_t)i;
	assert_false(recipe_glob_match("a", (const uint16_t[]){'A'}, 1, upcase));
	upcase['a'] = 'A';
	assert_true(recipe_glob_match("a", (const uint16_t[]){'A'}, 1, upcase));
	upcase[0x131] = 'I';
	assert_true(recipe_glob_match("I", (const uint16_t[]){0x131}, 1, upcase));
}

static const struct {
	const char *a, *b;
	bool meet;
} pairs[] = {
        {"a", "A", true},
        {"a", "b", false},
        {"*", "", true},
        {"a*", "*b", true},
        {"a*b", "a*c", false},
        {"a?", "?b", true},
        {"a?", "a", false},
        {"*a*", "*b*", true},
        {"C-00000291*.sys", "C-0000029?-*.s*", true},
        {"C-00000291*.sys", "C-00000290*.sys", false},
        {"**", "*?*", true},
        {"??", "*a*b*c*", false},
        {"???", "*a*b*c*", true},
};

/* Every pair of patterns up to three characters of "ab?*" against every name up to four of "ab". */
static void test_globs_meet(void **state)
{
	static const char alphabet[] = "ab?*";
	static char globs[84][4], names[31][5];
	size_t glob_count = 0, name_count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(recipe_globs_meet(pairs[i].a, pairs[i].b), pairs[i].meet);
		assert_int_equal(recipe_globs_meet(pairs[i].b, pairs[i].a), pairs[i].meet);
	}
	for (size_t len = 1; len <= 3; len++)
		for (size_t n = 0; n < (size_t)1 << 2 * len; n++, glob_count++)
			for (size_t i = 0; i < len; i++)
				globs[glob_count][i] = alphabet[n >> 2 * i & 3];
	for (size_t len = 0; len <= 4; len++)
		for (size_t n = 0; n < (size_t)1 << len; n++, name_count++)
			for (size_t i = 0; i < len; i++)
				names[name_count][i] = alphabet[n >> i & 1];
	for (size_t a = 0; a < glob_count; a++) {
		for (size_t b = 0; b < glob_count; b++) {
			bool both = false;
			for (size_t n = 0; n < name_count && !both; n++)
				both = match(globs[a], names[n]) && match(globs[b], names[n]);
			/* Three characters with stars meet in four, if at all. */
			if (recipe_globs_meet(globs[a], globs[b]) != both)
				fail_msg("'%s' and '%s'", globs[a], globs[b]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_glob),
	        cmocka_unit_test(test_glob_upcase),
	        cmocka_unit_test(test_globs_meet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
