/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine as text, read back by jansson. */
#include "appliance/api/row.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static json_t *row_read(const struct machine *m)
{
	struct buffer out;

	buffer_init(&out, 65536);
	assert_int_equal(row_append(&out, m), 0);
	json_t *row = json_loadb(
	        (const char *)out.data, out.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	assert_non_null(row);
	/* As jansson writes it: whoever compares bytes sees no difference. */
	char *text = json_dumps(row, JSON_COMPACT);
	assert_string_equal(text, (const char *)out.data);
	free(text);
	buffer_free(&out);
	return row;
}

static const char *text_of(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static void test_every_field(void **state)
{
	struct machine m = {.id = 7,
	        .mac = "52:54:00:12:34:56",
	        .state = STATE_waiting,
	        .reason = REASON_KEY_NOT_FOUND,
	        .attempt = 3,
	        .since = 1721361600123,
	        .held = true,
	        .campaign = 9000000000,
	        .wave = 2,
	        .rank = 5,
	        .site = "Bern"};

	(void)state;
	json_t *row = row_read(&m);
	assert_int_equal(json_object_size(row), 37);
	assert_int_equal(json_integer_value(json_object_get(row, "id")), 7);
	assert_string_equal(text_of(row, "name"), m.mac);
	assert_string_equal(text_of(row, "state"), "waiting");
	assert_string_equal(text_of(row, "reason"), "KEY_NOT_FOUND");
	assert_string_equal(text_of(row, "group"), "waiting");
	assert_string_equal(text_of(row, "title"), reason_title(REASON_KEY_NOT_FOUND));
	assert_string_equal(text_of(row, "site"), "Bern");
	assert_true(json_integer_value(json_object_get(row, "since")) == 1721361600123);
	assert_true(json_integer_value(json_object_get(row, "campaign")) == 9000000000);
	assert_true(json_is_true(json_object_get(row, "held")));
	assert_true(json_is_false(json_object_get(row, "done")));
	json_decref(row);
}

static void test_what_only_the_inventory_knows(void **state)
{
	struct machine m = {
	        .mac = "52:54:00:12:34:56", .listed_serial = "5CG1", .listed_uuid = "U"};

	(void)state;
	json_t *row = row_read(&m);
	assert_string_equal(text_of(row, "name"), "5CG1");
	assert_string_equal(text_of(row, "serial"), "5CG1");
	assert_string_equal(text_of(row, "uuid"), "U");
	json_decref(row);
	(void)snprintf(m.serial, sizeof(m.serial), "seen");
	row = row_read(&m);
	assert_string_equal(text_of(row, "serial"), "seen");
	json_decref(row);
}

static void test_any_text(void **state)
{
	static const struct {
		const char *text, *read;
	} cases[] = {
	        {"\"\\/</script>", "\"\\/</script>"},
	        {"Zürich ✓ 😀", "Zürich ✓ 😀"},
	        {"a\x01z", "a\x01z"},
	        {"\xff", "?"},
	        {"cut \xe2\x9c", "cut ??"},
	        {"\xed\xa0\x80", "???"},
	        {"\xc0\x80", "??"},
	        {"", ""},
	};
	struct machine m = {.mac = "52:54:00:12:34:56"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(m.text, sizeof(m.text), "%s", cases[i].text);
		json_t *row = row_read(&m);
		assert_string_equal(text_of(row, "text"), cases[i].read);
		json_decref(row);
	}
}

static void test_no_room(void **state)
{
	struct machine m = {.mac = "52:54:00:12:34:56"};
	struct buffer out;

	(void)state;
	buffer_init(&out, 100);
	assert_int_equal(buffer_append(&out, "before", 6), 0);
	assert_int_equal(row_append(&out, &m), -EMSGSIZE);
	assert_int_equal(out.len, 6);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_field),
	        cmocka_unit_test(test_what_only_the_inventory_knows),
	        cmocka_unit_test(test_any_text),
	        cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
