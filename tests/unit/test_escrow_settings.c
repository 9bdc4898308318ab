/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What serve hands to escrow: taken whole, or refused with the field named. */
#include "appliance/escrow/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define RELEASE                                                                                 \
	"\"campaign\":\"July\",\"approval\":\"two-person\",\"from\":1,\"until\":2,\"total\":3," \
	"\"per_minute\":4,\"subnet_minute\":5,\"subnet_prefix\":22,\"machine_hour\":6,"         \
	"\"machine_keys\":7,\"machine_mismatches\":8,\"suspects\":9,\"request_minutes\":10,"    \
	"\"approval_minutes\":11,\"subnets\":[\"10.1.2.3/16\",\"0.0.0.0/0\"]"
#define INVENTORY                                                                           \
	"[{\"uuid\":\"4c4c\",\"serial\":\"\",\"mac\":\"\"},{\"uuid\":\"\",\"serial\":\"\"," \
	"\"mac\":\"52:54:00:AA:BB:CC\"}]"
#define SOURCES "[{\"name\":\"ad\",\"type\":\"ldap\"},{\"name\":\"vault\",\"type\":\"vault\"}]"

/* The settings with one part replaced. */
static char *text_with(const char *vault, const char *release, const char *inventory,
        const char *sources, const char *rest)
{
	char *text = NULL;

	assert_true(asprintf(&text,
	                    "{\"v\":1,\"vault\":%s,\"release\":{%s,\"inventory\":%s},"
	                    "\"sources\":%s,%s}",
	                    vault ? vault : "{\"key\":\"file\",\"secret\":\"AAEC\"}",
	                    release ? release : RELEASE, inventory ? inventory : INVENTORY,
	                    sources ? sources : SOURCES,
	                    rest ? rest
	                         : "\"fetch\":\"/run/f.sock\",\"power\":\"/run/"
	                           "p.sock\",\"syslog\":true") > 0);
	return text;
}

static void check_rules(const struct policy_rules *r)
{
	assert_string_equal(r->campaign, "July");
	assert_int_equal(r->approval, APPROVAL_TWO_PERSON);
	assert_int_equal(r->from, 1);
	assert_int_equal(r->until, 2);
	assert_int_equal(r->total, 3);
	assert_int_equal(r->per_minute, 4);
	assert_int_equal(r->subnet_minute, 5);
	assert_int_equal(r->subnet_prefix, 22);
	assert_int_equal(r->machine_hour, 6);
	assert_int_equal(r->machine_keys, 7);
	assert_int_equal(r->machine_mismatches, 8);
	assert_int_equal(r->suspects, 9);
	assert_int_equal(r->request_minutes, 10);
	assert_int_equal(r->approval_minutes, 11);
	assert_int_equal(r->subnet_count, 2);
	assert_int_equal(r->subnets[0].address, 0x0a010000);
	assert_int_equal(r->subnets[0].mask, 0xffff0000);
	assert_int_equal(r->subnets[1].mask, 0);
	assert_true(r->has_inventory);
	assert_int_equal(r->item_count, 2);
}

static void test_everything_is_taken(void **state)
{
	char *text = text_with(NULL, NULL, NULL, NULL, NULL);
	struct settings s;
	struct error err = {0};

	(void)state;
	if (settings_parse(text, strlen(text), &s, &err) < 0)
		fail_msg("%s", err.text);
	check_rules(&s.rules);
	assert_int_equal(s.vault.kind, VAULT_KEY_FILE);
	assert_int_equal(s.vault.secret->len, 3);
	assert_memory_equal(s.vault.secret->data, "\0\1\2", 3);
	assert_int_equal(s.source_count, 2);
	assert_string_equal(s.sources[0].name, "ad");
	assert_string_equal(s.sources[1].type, "vault");
	assert_string_equal(s.fetch, "/run/f.sock");
	assert_string_equal(s.power, "/run/p.sock");
	assert_true(s.syslog);
	settings_clear(&s);
	free(text);
}

static void test_an_empty_inventory_covers_nobody(void **state)
{
	char *empty = text_with(NULL, NULL, "[]", NULL, NULL);
	char *none = text_with(NULL, NULL, "null", NULL, NULL);
	struct settings s;

	(void)state;
	assert_int_equal(settings_parse(empty, strlen(empty), &s, NULL), 0);
	assert_true(s.rules.has_inventory && s.rules.item_count == 0);
	settings_clear(&s);
	assert_int_equal(settings_parse(none, strlen(none), &s, NULL), 0);
	assert_false(s.rules.has_inventory);
	settings_clear(&s);
	free(empty);
	free(none);
}

struct wrong {
	const char *vault, *release, *inventory, *sources, *rest, *named;
};

/* One change each. */
static const struct wrong wrongs[] = {
        {.vault = "{\"key\":\"guess\",\"secret\":\"\"}", .named = "vault.key"},
        {.vault = "{\"key\":\"file\",\"secret\":\"\"}", .named = "vault.secret"},
        {.vault = "{\"key\":\"auto\",\"secret\":\"AAEC\"}", .named = "vault.secret"},
        {.vault = "{\"key\":\"file\",\"secret\":\"?\"}", .named = "base64"},
        {.vault = "[]", .named = "vault"},
        {.release = RELEASE ",\"more\":1", .named = "release"},
        {.release = "\"campaign\":\"x\"", .named = "release"},
        {.inventory = "{}", .named = "inventory"},
        {.inventory = "[{\"uuid\":\"\",\"serial\":\"\",\"mac\":\"\"}]", .named = "item 1"},
        {.inventory = "[{\"uuid\":\"x\"}]", .named = "item 1"},
        {.sources = "[]", .named = "sources"},
        {.sources = "[{\"name\":\"a\",\"type\":\"ftp\"}]", .named = "type"},
        {.sources = "[{\"name\":\"\",\"type\":\"ldap\"}]", .named = "name"},
        {.sources = "[{\"name\":\"a\",\"type\":\"ldap\"},{\"name\":\"a\",\"type\":\"graph\"}]",
                .named = "same name"},
        {.rest = "\"fetch\":\"\"", .named = "syslog"},
        {.rest = "\"fetch\":\"\",\"syslog\":true,\"fetch\":\"\"", .named = "JSON"},
        {.rest = "\"fetch\":\"a\\nb\",\"syslog\":true", .named = "fetch"},
        {.rest = "\"fetch\":\"\",\"power\":\"a\\nb\",\"syslog\":true", .named = "power"},
};

static void test_what_is_wrong_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		char *text = text_with(w->vault, w->release, w->inventory, w->sources, w->rest);
		struct settings s = {.source_count = 77};
		struct error err = {0};
		assert_int_equal(settings_parse(text, strlen(text), &s, &err), -EBADMSG);
		if (!strstr(err.text, w->named))
			fail_msg("%zu: \"%s\" does not name %s", i, err.text, w->named);
		assert_int_equal(s.source_count, 77);
		free(text);
	}
}

/* text with its first `old` replaced. */
static char *replaced(const char *text, const char *old, const char *new)
{
	size_t before = 0;
	char *out = NULL;

	while (text[before] && strncmp(text + before, old, strlen(old)) != 0)
		before++;
	assert_true(text[before]);
	assert_true(asprintf(&out, "%.*s%s%s", (int)before, text, new,
	                    text + before + strlen(old)) > 0);
	return out;
}

static void test_numbers_and_subnets_out_of_range(void **state)
{
	static const char *const changes[][2] = {{"\"total\":3", "\"total\":-1"},
	        {"\"total\":3", "\"total\":4294967296"}, {"\"total\":3", "\"total\":\"3\""},
	        {"\"subnet_prefix\":22", "\"subnet_prefix\":33"},
	        {"\"subnet_prefix\":22", "\"subnet_prefix\":0"},
	        {"\"request_minutes\":10", "\"request_minutes\":0"}, {"\"from\":1", "\"from\":-1"},
	        {"two-person", "nobody"}, {"July", ""}, {"10.1.2.3/16", "10.1.2.3"},
	        {"10.1.2.3/16", "10.1.2/16"}, {"10.1.2.3/16", "10.1.2.3/33"},
	        {"10.1.2.3/16", "10.1.2.3/+1"}, {"10.1.2.3/16", "10.1.2.3/16x"}};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		char *good = text_with(NULL, NULL, NULL, NULL, NULL);
		char *text = replaced(good, changes[i][0], changes[i][1]);
		struct settings s;
		struct error err = {0};
		if (settings_parse(text, strlen(text), &s, &err) != -EBADMSG)
			fail_msg("%s was taken", changes[i][1]);
		free(good);
		free(text);
	}
}

static void test_from_a_pipe(void **state)
{
	char *text = text_with(NULL, NULL, NULL, NULL, NULL);
	struct settings s;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
	assert_int_equal(close(fds[1]), 0);
	assert_int_equal(settings_read(fds[0], &s, NULL), 0);
	check_rules(&s.rules);
	settings_clear(&s);
	assert_int_equal(close(fds[0]), -1); /* closed already */
	free(text);
}

static int setup(void **state)
{
	(void)state;
	return secrets_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_everything_is_taken),
	        cmocka_unit_test(test_an_empty_inventory_covers_nobody),
	        cmocka_unit_test(test_what_is_wrong_is_named),
	        cmocka_unit_test(test_numbers_and_subnets_out_of_range),
	        cmocka_unit_test(test_from_a_pipe),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
