/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a recipe may not ask for, what it is warned of, and the ones that ship. */
#include "fixer/windows/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NAME    "[recipe]\nname = x\n"
#define DO      "[action]\ndo = remove\n"
#define LONG_60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Windows' own files are kept from a slip of the pen, and a renamed file from being found again. */
static const struct {
	const char *glob, *does, *says; /* NULL: it is fine */
} globs[] = {
        {"*.sys", "do = remove", "line 5: glob is too wide to act on"},
        {"*.sys", "do = rename", "line 5: glob is too wide to act on"},
        {"*.sys", "do = report-only", NULL},
        {"*291*.sys", "do = remove", "line 5: glob is too wide to act on"},
        {"C-*-*-*.sys", "do = remove", "line 5: glob is too wide to act on"},
        {"?????abc.sys", "do = remove", "line 5: glob is too wide to act on"},
        {"C-002*.sys", "do = remove", NULL},
        {"a.sys", "do = remove", NULL},
        {"\xc3\xa4\xc3\xb6\xc3\xbc*.sys", "do = remove", "line 5: glob is too wide"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f*.sys", "do = remove", NULL},
        {"*.sys\nsha256 = " LONG_60 "aaaa", "do = remove", NULL},
        {"abcd*", "do = rename", "line 5: glob fits the file still when it is renamed"},
        {"abcd*", "do = remove\nunclean-journal = rename", "line 5: glob fits the file still"},
        {"abcd*", "do = remove\nunclean-journal = replay", "line 5: glob fits the file still"},
        {"abcd*", "do = remove\nunclean-journal = refuse", NULL},
        {"abcd*", "do = report-only\nunclean-journal = rename", NULL},
        {"abcd.???", "do = rename", "line 5: glob fits the file still"},
        {"abcd*.o?F", "do = rename", "line 5: glob fits the file still"},
        {"abcd.off", "do = rename", "line 5: glob fits the file still"},
        {"abcd*s*ff", "do = rename", "line 5: glob fits the file still"},
        {"abcd*.??s", "do = rename", NULL},
        {"abcd", "do = rename", NULL},
};

/* The folder, the pattern, and what it would take with it. */
static const struct {
	const char *path, *glob, *vital;
} vitals[] = {
        {"\\Windows\\System32\\drivers", "ntfs*.sys", "ntfs.sys"},
        {"\\WINDOWS\\system32\\Drivers", "WDF?????.sys", NULL},
        {"\\Windows\\System32\\drivers", "wdf01*.sys", "wdf01000.sys"},
        {"\\Windows\\System32\\config", "SYST*", "SYSTEM"},
        {"\\Windows\\System32", "win*load.*e?e", "winload.exe"},
        {"\\Windows\\System32\\drivers\\CrowdStrike", "ntfs*.sys", NULL},
        {"\\Windows\\System32\\drivers", "ntfsa*.sys", NULL},
};

static void test_vital_files(void **state)
{
	struct recipe_warning warnings[RECIPE_WARNINGS_MAX];
	char text[256];
	struct recipe r;

	(void)state;
	for (size_t i = 0; i < sizeof(vitals) / sizeof(vitals[0]); i++) {
		struct error err = {0};
		(void)snprintf(text, sizeof(text), NAME "[match]\npath = %s\nglob = %s\n" DO,
		        vitals[i].path, vitals[i].glob);
		int code = recipe_parse(text, strlen(text), &r, &err);
		bool wide = code < 0 && strstr(err.text, "line 5: glob is too wide");
		if ((code == 0 || wide) != !vitals[i].vital ||
		        (vitals[i].vital && !strstr(err.text, vitals[i].vital)))
			fail_msg("%s: %d '%s'", vitals[i].glob, code, err.text);
	}
	/* By its whole name it is meant: a warning will do. */
	static const char named[] =
	        NAME "[match]\npath = \\Windows\\System32\\drivers\nglob = ntfs.sys\n"
	             "header = 00\n" DO "unclean-journal = rename\n";
	assert_int_equal(recipe_parse(named, strlen(named), &r, NULL), 0);
	assert_int_equal(recipe_warnings(&r, warnings, RECIPE_WARNINGS_MAX), 1);
	assert_non_null(strstr(warnings[0].text, "fits ntfs.sys"));
}

static void test_globs_to_act_on(void **state)
{
	char text[256];
	struct recipe r;

	(void)state;
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
		struct error err = {0};
		(void)snprintf(text, sizeof(text),
		        NAME "[match]\npath = \\A\nglob = %s\n[action]\n%s\n", globs[i].glob,
		        globs[i].does);
		int code = recipe_parse(text, strlen(text), &r, &err);
		if ((code == 0) != !globs[i].says ||
		        (code < 0 && strncmp(err.text, globs[i].says, strlen(globs[i].says)) != 0))
			fail_msg("%s, %s: %d '%s'", globs[i].glob, globs[i].does, code, err.text);
	}
}

static void test_builtins(void **state)
{
	struct recipe_warning warnings[RECIPE_WARNINGS_MAX];
	struct recipe r;

	(void)state;
	assert_true(recipe_builtin_text(RECIPE_DEFAULT) == recipe_crowdstrike_291);
	assert_null(recipe_builtin_text("none"));
	for (size_t i = 0; i < recipe_builtin_count; i++) {
		const char *text = recipe_builtins[i].text;
		assert_int_equal(recipe_parse(text, strlen(text), &r, NULL), 0);
		assert_string_equal(r.name, recipe_builtins[i].name);
		assert_int_equal(recipe_warnings(&r, warnings, RECIPE_WARNINGS_MAX), 0);
	}
	assert_int_equal(r.action, ACTION_REPORT);
}

#define WINDOW "modified-from = 2024-07-19T04:09:00Z\nmodified-to = 2024-07-19T05:27:00Z\n"
#define PATH   "[match]\npath = \\Windows\\x\n"

static const struct {
	const char *text;
	unsigned line; /* of the only warning; 0: none */
	const char *part;
} advice[] = {
        {NAME PATH "glob = abcd.sys\n" WINDOW DO "unclean-journal = rename\n", 0, ""},
        {NAME PATH "glob = abcd.sys\nheader = 00\n" DO "unclean-journal = rename\n", 0, ""},
        {NAME PATH "glob = abcd.sys\n" WINDOW DO, 8, "nearly always has an unclean journal"},
        {NAME PATH "glob = abcd.sys\n" DO "unclean-journal = replay\n", 3, "good ones too"},
        {NAME PATH "glob = abcd.sys\n[action]\ndo = report-only\n", 0, ""},
        {NAME PATH "glob = abcd.sys\nwhen-outside-window = act\n[action]\ndo = report-only\n", 3,
                "nothing without a window"},
        {NAME PATH "glob = abcd.sys\n" WINDOW "when-outside-window = act\n" DO
                   "unclean-journal = rename\n",
                3, "only marks them"},
        {NAME PATH "glob = abcd.sys\nheader = 0000\nsize-to = 1\n" DO "unclean-journal = rename\n",
                3, "can fit no file"},
        {NAME PATH "glob = abcd.sys\nheader = 00\nsize-from = 16777217\n" DO
                   "unclean-journal = rename\n",
                3, "TARGET_TOO_LARGE"},
        {NAME PATH "glob = abcd~1.sys\n" WINDOW DO "unclean-journal = rename\n", 3, "short name"},
        {NAME "[match]\npath = \\Win\nglob = abcd.sys\n" WINDOW DO "unclean-journal = rename\n", 3,
                "not below \\Windows"},
        {NAME PATH "glob = abcd.json\n" WINDOW DO "unclean-journal = rename\n", 3, "RENAME_UNSAFE"},
        {NAME PATH "glob = abcd*.sys\n" WINDOW "[match]\npath = \\WINDOWS\\X\nglob = *d1*.SYS\n"
                   "sha256 = " LONG_60 "aaaa\n[action]\ndo = remove\nunclean-journal = rename\n",
                8, "the [match] of line 3 fits too"},
        {NAME PATH "glob = abcd*.sys\n" WINDOW PATH "glob = *.dll\nsha256 = " LONG_60
                   "aaaa\n[action]\ndo = remove\nunclean-journal = rename\n",
                0, ""},
};

static void test_warnings(void **state)
{
	struct recipe_warning warnings[RECIPE_WARNINGS_MAX];
	struct recipe r;

	(void)state;
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		struct error err = {0};
		if (recipe_parse(advice[i].text, strlen(advice[i].text), &r, &err) < 0)
			fail_msg("case %zu: %s", i, err.text);
		size_t count = recipe_warnings(&r, warnings, RECIPE_WARNINGS_MAX);
		if (count != (advice[i].line > 0) ||
		        (count > 0 && (warnings[0].line != advice[i].line ||
		                              !strstr(warnings[0].text, advice[i].part))))
			fail_msg("case %zu: %zu, line %u: %s", i, count, warnings[0].line,
			        warnings[0].text);
		assert_true(count == 0 || strlen(warnings[0].text) < sizeof(warnings[0].text) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_globs_to_act_on),
	        cmocka_unit_test(test_vital_files),
	        cmocka_unit_test(test_builtins),
	        cmocka_unit_test(test_warnings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
