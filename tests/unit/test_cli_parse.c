/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arguments against a table of verbs made for the purpose, and the real table against its rules. */
#include "appliance/cli/verb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct cli_option list_options[] = {
        {"--site", "SITE", "of this site"},
        {"--missing", NULL, "never seen"},
        {0},
};

static const struct cli_option boot_options[] = {
        {"--watch", NULL, "to its end"},
        {0},
};

static const struct cli_verb verbs[] = {
        {"list", "", 0, 0, CLI_JSON | CLI_WATCH, list_options, "all", NULL},
        {"hold", "MACHINE [WHY]", 1, 2, 0, NULL, "stop it", NULL},
        {"boot", "MACHINE...", 1, 9, 0, boot_options, "follow it", NULL},
        {0},
};
static const struct cli_group group = {"things", "things", verbs, NULL};

static struct cli_call call;

static int parse(const char *const *words)
{
	static const char *kept[12];
	int count = 1;

	kept[0] = "things";
	for (; words[count - 1]; count++)
		kept[count] = words[count - 1];
	kept[count] = NULL;
	return cli_parse(&group, count, (char **)(uintptr_t)kept, &call);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(PARSE("hold", "PC1", "it smokes"), CLI_OK);
	assert_string_equal(call.verb->name, "hold");
	assert_int_equal(call.count, 2);
	assert_string_equal(call.words[0], "PC1");
	assert_string_equal(call.words[1], "it smokes");
	assert_null(call.words[2]);
	assert_int_equal(PARSE("hold"), CLI_USAGE);
	assert_int_equal(PARSE("hold", "a", "b", "c"), CLI_USAGE);
	assert_int_equal(PARSE("list", "a"), CLI_USAGE);
	assert_int_equal(PARSE("lost"), CLI_USAGE);
	assert_int_equal(PARSE("--json"), CLI_USAGE);
	assert_int_equal(PARSE("hold", "--", "--json"), CLI_OK);
	assert_string_equal(call.words[0], "--json");
	assert_int_equal(PARSE("hold", "-"), CLI_OK);
}

static void test_options(void **state)
{
	(void)state;
	assert_int_equal(PARSE("list", "--site", "Bern", "--json", "--site=Z\xc3\xbcrich"), CLI_OK);
	assert_true(call.options.json);
	assert_string_equal(cli_value(&call, "--site"), "Z\xc3\xbcrich");
	assert_string_equal(cli_value_at(&call, "--site", 0), "Bern");
	assert_string_equal(cli_value_at(&call, "--site", 1), "Z\xc3\xbcrich");
	assert_null(cli_value_at(&call, "--site", 2));
	assert_null(cli_value(&call, "--missing"));
	assert_int_equal(PARSE("--missing", "--site", "hold", "--config", "c", "list"), CLI_OK);
	assert_string_equal(cli_value(&call, "--missing"), "");
	assert_string_equal(cli_value(&call, "--site"), "hold");
	assert_string_equal(call.options.config, "c");
	assert_string_equal(call.verb->name, "list");
	assert_int_equal(PARSE("list", "--site"), CLI_USAGE);
	assert_int_equal(PARSE("list", "--missing=1"), CLI_USAGE);
	assert_int_equal(PARSE("list", "--sight", "x"), CLI_USAGE);
	assert_int_equal(PARSE("hold", "--json", "a"), CLI_USAGE);
	assert_int_equal(PARSE("hold", "--site", "x", "a"), CLI_USAGE);
	assert_int_equal(PARSE("list", "--interface", "eth0"), CLI_USAGE);
}

static void test_watch(void **state)
{
	(void)state;
	assert_int_equal(PARSE("list", "--watch"), CLI_OK);
	assert_int_equal(call.options.watch_ms, 2000);
	assert_int_equal(PARSE("list", "--watch", "0.5", "--json"), CLI_OK);
	assert_int_equal(call.options.watch_ms, 500);
	assert_int_equal(PARSE("list", "--watch=7"), CLI_OK);
	assert_int_equal(call.options.watch_ms, 7000);
	assert_int_equal(PARSE("list", "--watch=0"), CLI_USAGE);
	assert_int_equal(PARSE("list", "--watch=nan"), CLI_USAGE);
	assert_int_equal(PARSE("list", "--watch=99999"), CLI_USAGE);
	assert_int_equal(PARSE("hold", "--watch", "a"), CLI_USAGE);
}

static const char *suggested(const char *typed)
{
	struct cli_suggestion near = {.typed = typed};

	for (const struct cli_group *g = cli_groups; g->name; g++)
		cli_suggest_add(&near, g->name);
	return near.nearest ? near.nearest : "";
}

static void test_suggestions(void **state)
{
	(void)state;
	assert_string_equal(suggested("machnes"), "machines");
	assert_string_equal(suggested("amchines"), "machines");
	assert_string_equal(suggested("mach"), "machines");
	assert_string_equal(suggested("sevre"), "serve");
	assert_string_equal(suggested("frobnicate"), "");
	assert_string_equal(suggested(""), "");
	assert_string_equal(
	        suggested("a very long word that nobody can have meant as one of the commands"),
	        "");
}

/* A verb's own --watch takes no seconds, and the verb is not run again and again. */
static void test_own_watch(void **state)
{
	(void)state;
	assert_int_equal(PARSE("boot", "--watch", "7", "PC1"), CLI_OK);
	assert_int_equal(call.options.watch_ms, 0);
	assert_string_equal(cli_value(&call, "--watch"), "");
	assert_int_equal(call.count, 2);
	assert_string_equal(call.words[0], "7");
	assert_int_equal(PARSE("boot", "PC1", "--watch=7"), CLI_USAGE);
	assert_int_equal(PARSE("list", "--watch", "7"), CLI_OK);
	assert_int_equal(call.options.watch_ms, 7000);
}

/* It has its line of --help, and no name that means something else everywhere; --watch may be the
 * verb's own, without a value, where it isn't run again and again. */
static bool is_own_option(const struct cli_verb *verb, const struct cli_option *option)
{
	bool watch = strcmp(option->name, "--watch") == 0;

	for (const struct cli_option *common = cli_common_options; common->name; common++)
		if (strcmp(common->name, option->name) == 0 && !watch)
			return false;
	if (watch && (verb->takes & CLI_WATCH || option->value))
		return false;
	return strncmp(option->name, "--", 2) == 0 && option->help && option->help[0];
}

/* Lines of --help; every verb can be run. */
static void test_table(void **state)
{
	(void)state;
	for (const struct cli_group *g = cli_groups; g->name; g++) {
		assert_true(g->help && g->help[0]);
		for (const struct cli_verb *v = g->verbs; v->name; v++) {
			assert_true(v->help && v->help[0] && v->help[strlen(v->help) - 1] != '.');
			assert_true(v->words && v->words_min <= v->words_max);
			assert_true(g->run || v->run);
			for (const struct cli_option *o = v->options; o && o->name; o++)
				assert_true(is_own_option(v, o));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_words),
	        cmocka_unit_test(test_options), cmocka_unit_test(test_watch),
	        cmocka_unit_test(test_own_watch), cmocka_unit_test(test_suggestions),
	        cmocka_unit_test(test_table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
