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
#define MATCH "[match]\npath = \\A\\b\nglob = abcd*.sys\n"
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
        {"[match]\npath = \\A\\\n", "line 2: path has an empty name"},
        {"[match]\npath = \\A\\\\B\n", "line 2: path has an empty name"},
        {"[match]\npath = \\\\server\\share\n", "line 2: path has an empty name"},
        {"[match]\npath = \\A\\..\\B\n", "line 2: path has '.' or '..'"},
        {"[match]\npath = \\A\\.\n", "line 2: path has '.' or '..'"},
        {"[match]\npath = \\..\n", "line 2: path has '.' or '..'"},
        {"[match]\npath = C:\\A\n", "line 2: path has a drive letter; begin with the first"},
        {"[match]\npath = \\$extend\\$RmMetadata\n", "line 2: path is where NTFS keeps its own"},
        {"[match]\npath = \\$Extend\n", "line 2: path is where NTFS keeps its own"},
        {"[match]\npath = \\$Extended\n[x]\n", "line 3: section not known"},
        {"[match]\npath = \\A/B\n", "line 2: path has '/' in it"},
        {"[match]\npath = \\A\\..:x\n", "line 2: path has ':' in it"},
        {"[match]\npath = \\A::$DATA\n", "line 2: path has ':' in it"},
        {"[match]\npath = \\?\\A\n", "line 2: path has a character no directory has"},
        {"[match]\npath = \\A*\\b\n", "line 2: path has a character no directory has"},
        {"[match]\npath = \\A.\\b\n", "line 2: path has a name with a blank or dot at its edge"},
        {"[match]\npath = \\A\\ b\n", "line 2: path has a name with a blank or dot"},
        {"[match]\npath = \\A \\b\n", "line 2: path has a name with a blank or dot"},
        {"[match]\npath = \\Windows\\nul\n", "line 2: path names a device"},
        {"[match]\npath = \\Windows\\COM1\\x\n", "line 2: path names a device"},
        {"[match]\npath = \\Windows\\con.txt\n", "line 2: path names a device"},
        {"[match]\npath = \\Windows\\Lpt9 .x\\y\n", "line 2: path names a device"},
        {"[match]\npath = \\A\x01\n", "line 2: not text in UTF-8"},
        {"[match]\npath = \\\xe4\n", "line 2: not text in UTF-8"},
        {"[match]\nglob = a\\b\n", "line 2: glob is the name only"},
        {"[match]\nglob = a/b\n", "line 2: glob is the name only"},
        {"[match]\nglob = abcd.sys:s\n", "line 2: glob has ':' in it"},
        {"[match]\nglob = <abcd.sys\n", "line 2: glob has a character no file has"},
        {"[match]\nglob = *\n", "line 2: glob fits every file"},
        {"[match]\nglob = *.*\n", "line 2: glob fits every file"},
        {"[match]\nglob = ???.*\n", "line 2: glob fits every file"},
        {"[match]\nglob = ..\n", "line 2: glob has '.' or '..'"},
        {"[match]\nglob = abcd.\n", "line 2: glob has a name with a blank or dot"},
        {"[match]\nglob = aux.sys\n", "line 2: glob names a device"},
        {"[match]\nsize-from = -1\n", "line 2: not a whole number"},
        {"[match]\nsize-from = 1k\n", "line 2: not a whole number"},
        {"[match]\nsize-to = \n", "line 2: not a whole number"},
        {"[match]\nsize-to = 99999999999999999999\n", "line 2: not a whole number"},
        {"[match]\nheader = \n", "line 2: header without bytes"},
        {"[match]\nheader = A\n", "line 2: not bytes like"},
        {"[match]\nheader = AA A\n", "line 2: not bytes like"},
        {"[match]\nheader = 0xAA\n", "line 2: not bytes like"},
        {"[match]\nsha256 = 00\n", "line 2: not a SHA-256"},
        {"[match]\nmodified-to = 1969-12-31T23:59:59Z\n", "line 2: not a time from 1970"},
        {"[match]\nmodified-to = 9999-12-31T23:59:59Z\n", "line 2: not a time from 1970"},
        {"[match]\nheader = " LONG_60 LONG_60 "aaaaaaaaaa\n",
                "line 2: header longer than 64 bytes"},
        {"[match]\nsha256 = " LONG_60 "aaaaa\n", "line 2: not a SHA-256"},
        {"[recipe]\nversion = 0\n", "line 2: version counts from 1"},
        {"[recipe]\nversion = 1.1\n", "line 2: not a whole number"},
        {"[recipe]\ntitle =\n", "line 2: title is empty"},
        {"[recipe]\n\n; \xfc\n", "line 3: not text in UTF-8"},
        {"[recipe]\ntitle = \x1b[2J\n", "line 2: not text in UTF-8"},
        {"[recipe]\ntitle = a\rb\r\n", "line 2: not text in UTF-8"},
        {"[recipe]\ntitle\t=\ta\tb\n", "line 2: title has a tab in it"},
        {"[match]\nmodified-from = 2024-07-19\n", "line 2: not a time like 2024-07-19T04:09:00Z:"},
        {"[match]\nmodified-to = 2024-13-19T04:09:00Z\n", "line 2: not a time"},
        {"[match]\nwhen-outside-window = delete\n", "line 2: value not known 'delete'"},
        {"[action]\ndo = Remove\n", "line 2: value not known 'Remove'"},
        {"[action]\nunclean-journal = maybe\n", "line 2: value not known 'maybe'"},
        {NAME MATCH MATCH MATCH MATCH MATCH MATCH MATCH MATCH MATCH,
                "line 27: more than 8 [match] sections"},
        {NAME "[match]\npath = \\A\n\n" MATCH DO, "line 3: 'glob' missing in [match]"},
        {NAME MATCH "[match]\nglob = abcd\n" DO MATCH, "line 6: 'path' missing in [match]"},
        {NAME MATCH "[match]\n" DO, "line 6: 'path' missing in [match]"},
        {NAME DO, "line 4: end of recipe, 'path' missing in [match]"},
        {NAME MATCH "[action]\n\n", "line 6: 'do' missing in [action]"},
        {NAME MATCH "path = \\B\n", "line 6: given twice: 'path'"},
        {NAME MATCH "  path = \\B\n", "line 6: given twice: 'path'"},
        {NAME MATCH "size-to = 9\nsize-from = 10\n\n" DO, "line 7: size-from is larger"},
        {NAME MATCH "modified-from = 2024-07-19T04:09:00Z\n" DO,
                "line 6: 'modified-from' without 'modified-to'"},
        {NAME MATCH "modified-to = 2024-07-19T04:09:00Z\n" DO,
                "line 6: 'modified-to' without 'modified-from'"},
        {NAME MATCH "modified-from = 2024-07-19T04:09:00Z\nmodified-to = 2024-07-19T04:09:00Z\n" DO,
                "line 7: modified-from is not before modified-to"},
};

/* Every key, several sections, blanks at the edges, the mark of Windows' editors. */
static void test_whole(void **state)
{
	static const char text[] =
	        "\xef\xbb\xbf[recipe]\r\nname = whole ; a comment\r\n  version = 7\r\n"
	        "\ttitle = Pr\xc3\xbc"
	        "fung\r\n"
	        "[match]\r\npath = \\Programme\\\xc3\x84\r\nglob = \xc3\xa4?bcd*.sys\r\n"
	        "size-from = 10\r\nsize-to = 10\r\nheader = AA aa01 00\r\n"
	        "sha256 = 00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\r\n"
	        "\r\n[action]\r\ndo = rename\r\nunclean-journal = replay\r\n"
	        "  [match]\r\nglob = second.sys\r\npath = \\B\r\n"
	        "modified-from = 2024-07-19T04:09:00Z\r\nmodified-to = 2024-07-19T05:27:00Z\r\n"
	        "when-outside-window = act\r\n";
	struct error err = {0};
	struct recipe r;

	(void)state;
	if (recipe_parse(text, strlen(text), &r, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(r.name, "whole");
	assert_int_equal(r.version, 7);
	assert_string_equal(r.title, "Pr\xc3\xbc"
	                             "fung");
	assert_int_equal(r.match_count, 2);
	const struct recipe_match *a = &r.matches[0], *b = &r.matches[1];
	assert_int_equal(a->line, 5);
	assert_string_equal(a->path, "\\Programme\\\xc3\x84");
	assert_true(a->size_min == 10 && a->size_max == 10 && a->has_sha256 && !a->has_window);
	assert_int_equal(a->header_len, 4);
	assert_memory_equal(a->header, "\xaa\xaa\x01\x00", 4);
	assert_true(a->sha256[0] == 0x00 && a->sha256[31] == 0xff);
	assert_int_equal(b->line, 16);
	assert_string_equal(b->glob, "second.sys");
	assert_true(b->has_window && b->act_outside_window && !b->has_sha256);
	assert_true(b->size_min == 0 && b->size_max == UINT64_MAX && b->header_len == 0);
	assert_int_equal(r.action, ACTION_RENAME);
	assert_int_equal(r.action_line, 13);
	assert_int_equal(r.unclean, UNCLEAN_REPLAY);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_default),
	        cmocka_unit_test(test_smallest),
	        cmocka_unit_test(test_errors),
	        cmocka_unit_test(test_not_text),
	        cmocka_unit_test(test_cut),
	        cmocka_unit_test(test_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
