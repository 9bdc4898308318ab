/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/recipe.h"
#include "netmend/limits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_default(void **state)
{
	struct recipe r;
	struct error err = {0};

	(void)state;
	assert_int_equal(
	        recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291), &r, &err), 0);
	assert_string_equal(r.name, "crowdstrike-291");
	assert_string_equal(r.matches[0].path, "\\Windows\\System32\\drivers\\CrowdStrike");
	assert_string_equal(r.matches[0].glob, "C-00000291*.sys");
	assert_true(r.matches[0].has_window);
	assert_int_equal(
	        r.matches[0].modified_from, 1721362140); /* date -u -d 2024-07-19T04:09:00Z +%s */
	assert_int_equal(r.matches[0].modified_to, 1721366820);
	assert_false(r.matches[0].act_outside_window);
	assert_int_equal(r.action, ACTION_REMOVE);
	assert_int_equal(r.unclean, UNCLEAN_RENAME);
}

#define NAME  "[recipe]\nname = x\n"
#define MATCH "[match]\npath = \\A\\b\nglob = *.sys\n"
#define DO    "[action]\ndo = remove\n"

static void test_smallest(void **state)
{
	static const char text[] = NAME MATCH DO;
	struct recipe r;

	(void)state;
	assert_int_equal(recipe_parse(text, strlen(text), &r, NULL), 0);
	assert_false(r.matches[0].has_window);
	assert_int_equal(r.unclean, UNCLEAN_REFUSE);
}

#define LONG_60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text, *says; /* the beginning of the message */
} bad[] = {
        {"", "line 0: end of recipe, 'name' missing in [recipe]"},
        {MATCH DO, "line 5: end of recipe, 'name' missing in [recipe]"},
        {NAME "[match]\nglob = *.sys\n" DO, "line 3: 'path' missing in [match]"},
        {NAME "[match]\npath = \\A\n" DO, "line 3: 'glob' missing in [match]"},
        {NAME MATCH, "line 5: end of recipe, 'do' missing in [action]"},
        {NAME "[other]\n", "line 3: section not known '[other]'"},
        {NAME "  [other]\nx = 1\n", "line 3: section not known '[other]'"},
        {NAME "[match\n", "line 3: section not known '[match'"},
        {"name = x\n", "line 1: key not known here: 'name'"},
        {NAME "path = \\A\n", "line 3: key not known here: 'path'"},
        {NAME "nmae = y\n", "line 3: key not known here: 'nmae'"},
        {NAME "name = y\n", "line 3: given twice: 'name'"},
        {NAME MATCH DO NAME, "line 9: given twice: 'name'"},
        {NAME "\n; comment\nnonsense\n" MATCH DO, "line 5: neither a section, a key nor a comment"},
        {"[recipe]\nname =\n", "line 2: name is not a plain word"},
        {"[recipe]\nname = a b\n", "line 2: name is not a plain word 'a b'"},
        {"[recipe]\nname = <b>\n", "line 2: name is not a plain word '<b>'"},
        {"[recipe]\nname = " LONG_60 "aaaa\n", "line 2: value too long"},
        {"[recipe]\nname = " LONG_60 LONG_60 LONG_60 LONG_60 "\n", "line 2: line too long"},
        {"[match]\npath = Windows\\x\n", "line 2: path is not of the form"},
        {"[match]\npath = \\\n", "line 2: path is not of the form"},
        {"[match]\npath = \\A\\\n", "line 2: path is not of the form"},
        {"[match]\npath = \\A\\\\B\n", "line 2: path is not of the form"},
        {"[match]\npath = \\A\\..\\B\n", "line 2: path is not of the form"},
        {"[match]\npath = C:\\A\n", "line 2: path is not of the form"},
        {"[match]\npath = \\A/B\n", "line 2: path is not of the form"},
        {"[match]\npath = \\\xc3\xa4\n", "line 2: path is not of the form"},
        {"[match]\nglob = a\\b\n", "line 2: glob is not a file name pattern"},
        {"[match]\nglob = *\n", "line 2: glob is not a file name pattern"},
        {"[match]\nglob = *.*\n", "line 2: glob is not a file name pattern"},
        {"[match]\nmodified-from = 2024-07-19\n", "line 2: not a time like 2024-07-19T04:09:00Z:"},
        {"[match]\nmodified-to = 2024-13-19T04:09:00Z\n", "line 2: not a time"},
        {"[match]\nwhen-outside-window = delete\n", "line 2: value not known 'delete'"},
        {"[action]\ndo = Remove\n", "line 2: value not known 'Remove'"},
        {"[action]\nunclean-journal = maybe\n", "line 2: value not known 'maybe'"},
        {NAME MATCH "modified-from = 2024-07-19T04:09:00Z\n" DO,
                "line 6: 'modified-from' without 'modified-to'"},
        {NAME MATCH "modified-to = 2024-07-19T04:09:00Z\n" DO,
                "line 6: 'modified-to' without 'modified-from'"},
        {NAME MATCH "modified-from = 2024-07-19T04:09:00Z\nmodified-to = 2024-07-19T04:09:00Z\n" DO,
                "line 7: modified-from is not before modified-to"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct recipe r = {.name = "untouched"};
		struct error err = {0};
		int code = recipe_parse(bad[i].text, strlen(bad[i].text), &r, &err);
		if (code != -EINVAL || err.reason != REASON_RECIPE_BAD ||
		        strncmp(err.text, bad[i].says, strlen(bad[i].says)) != 0)
			fail_msg("case %zu: %d '%s' instead of '%s'", i, code, err.text,
			        bad[i].says);
		assert_string_equal(r.name, "untouched");
	}
}

static void test_not_text(void **state)
{
	static const char text[] = NAME "\0" MATCH DO;
	struct error err = {0};
	struct recipe r;

	(void)state;
	assert_int_equal(recipe_parse(text, sizeof(text) - 1, &r, &err), -EINVAL);
	assert_int_equal(err.reason, REASON_RECIPE_BAD);
	char *large = calloc(1, NM_MAX_RECIPE + 2);
	assert_non_null(large);
	memset(large, '\n', NM_MAX_RECIPE + 1);
	assert_int_equal(recipe_parse(large, NM_MAX_RECIPE + 1, &r, &err), -EMSGSIZE);
	free(large);
}

/* Any cut of a good recipe is read without harm, and only the whole one is good. */
static void test_cut(void **state)
{
	static const char text[] = NAME MATCH DO;
	struct recipe r;

	(void)state;
	for (size_t len = 0; len < strlen(text) - 1; len++) {
		char *copy = malloc(len + 1); /* exactly that long, for the sanitizer */
		assert_non_null(copy);
		memcpy(copy, text, len);
		assert_int_equal(recipe_parse(copy, len, &r, NULL), -EINVAL);
		free(copy);
	}
}

static bool match(const char *glob, const char *name)
{
	uint16_t units[64];
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		units[i] = (uint8_t)name[i];
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_default),
	        cmocka_unit_test(test_smallest),
	        cmocka_unit_test(test_errors),
	        cmocka_unit_test(test_not_text),
	        cmocka_unit_test(test_cut),
	        cmocka_unit_test(test_glob),
	        cmocka_unit_test(test_glob_upcase),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
