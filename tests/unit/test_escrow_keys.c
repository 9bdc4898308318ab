/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of recovery keys on their way into escrow: what is in their boxes, and how parts become
 * files again. */
#include "appliance/escrow/upload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#define IMPORT "0123456789abcdef0123456789abcdef"
#define OTHER  "ffffffffffffffffffffffffffffffff"
#define SHA256 IMPORT IMPORT
#define HEAD   "{\"v\":1,\"import\":\"" IMPORT "\",\"op\":"

static int prepare(void **state)
{
	(void)state;
	return secrets_init();
}

/* --- what is in a box ------------------------------------------------------------------------ */

static void parsed(const char *text, struct keys_order *ret)
{
	struct error err = {0};

	if (keys_order_parse(text, strlen(text), ret, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

static void test_good(void **state)
{
	struct keys_order o;

	(void)state;
	parsed(HEAD "\"part\",\"part\":0,\"size\":5}\na\nb\"c", &o);
	assert_int_equal(o.step, KEYS_PART);
	assert_string_equal(o.import, IMPORT);
	assert_int_equal(o.size, 5);
	assert_int_equal(o.len, 5);
	assert_memory_equal(o.bytes, "a\nb\"c", 5);
	parsed(HEAD "\"part\",\"part\":2,\"size\":131073}\nx", &o);
	assert_int_equal(o.part, 2);
	parsed(HEAD "\"look\",\"files\":[{\"name\":\"a\\u0007b\",\"size\":0},{\"name\":\"\","
	            "\"size\":7}]"
	            "}\n",
	        &o);
	assert_int_equal(o.step, KEYS_LOOK);
	assert_int_equal(o.file_count, 2);
	assert_string_equal(o.files[0].name, "a?b");
	assert_int_equal(o.files[1].size, 7);
	parsed(HEAD "\"store\",\"sha256\":\"" SHA256
	            "\",\"approver\":\"anna\",\"passphrase\":\"correct horse\"}\n",
	        &o);
	assert_int_equal(o.step, KEYS_STORE);
	assert_string_equal(o.sha256, SHA256);
	assert_string_equal(o.approver, "anna");
	assert_int_equal(o.passphrase->len, 13);
	assert_memory_equal(o.passphrase->data, "correct horse", 13);
	keys_order_clear(&o);
	assert_null(o.passphrase);
	parsed(HEAD "\"store\",\"sha256\":\"" SHA256 "\",\"approver\":\"\",\"passphrase\":\"\"}\n",
	        &o);
	assert_null(o.passphrase);
	parsed(HEAD "\"drop\"}\n", &o);
	assert_int_equal(o.step, KEYS_DROP);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {"", "\n", "{}", "{}\n", "[]\n", HEAD "\"drop\"}",
	        HEAD "\"drop\"}\nx", HEAD "\"drop\",\"more\":1}\n", HEAD "\"steal\"}\n",
	        HEAD "\"drop\",\"op\":\"drop\"}\n",
	        "{\"v\":2,\"import\":\"" IMPORT "\",\"op\":\"drop\"}\n",
	        "{\"v\":1,\"import\":\"" IMPORT "0\",\"op\":\"drop\"}\n",
	        "{\"v\":1,\"import\":\"0123456789ABCDEF0123456789ABCDEF\",\"op\":\"drop\"}\n",
	        HEAD "\"part\",\"part\":0,\"size\":0}\n", HEAD "\"part\",\"part\":0,\"size\":2}\nx",
	        HEAD "\"part\",\"part\":0,\"size\":1}\nxy",
	        HEAD "\"part\",\"part\":1,\"size\":1}\nx",
	        HEAD "\"part\",\"part\":-1,\"size\":1}\nx",
	        HEAD "\"part\",\"part\":9223372036854775807,\"size\":1}\nx",
	        HEAD "\"part\",\"part\":319,\"size\":20971521}\nx",
	        HEAD "\"part\",\"part\":0,\"size\":1,\"more\":1}\nx",
	        HEAD "\"look\",\"files\":[]}\n", HEAD "\"look\",\"files\":{}}\n",
	        HEAD "\"look\",\"files\":[{\"name\":\"\"}]}\n",
	        HEAD "\"look\",\"files\":[{\"name\":\"\",\"size\":-1}]}\n",
	        HEAD "\"store\",\"sha256\":\"00\",\"approver\":\"\",\"passphrase\":\"\"}\n",
	        HEAD "\"store\",\"sha256\":\"" SHA256 "\",\"approver\":\"" IMPORT
	             "\",\"passphrase\":\"\"}\n",
	        HEAD "\"store\",\"sha256\":\"" SHA256 "\",\"approver\":\"\"}\n"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct keys_order o = {.part = 77};
		err = (struct error){0};
		if (keys_order_parse(bad[i], strlen(bad[i]), &o, &err) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.reason, REASON_PROTOCOL_ERROR);
		assert_int_equal(o.part, 77);
	}
}

/* --- parts ----------------------------------------------------------------------------------- */

#define SIZE ((size_t)2 * NM_KEYS_PART + 3)

static uint8_t content[SIZE];

static struct keys_order part_of(const char *import, size_t number)
{
	struct keys_order o = {.step = KEYS_PART,
	        .part = number,
	        .size = SIZE,
	        .bytes = content + number * NM_KEYS_PART,
	        .len = number < 2 ? NM_KEYS_PART : 3};

	memcpy(o.import, import, KEYS_IMPORT_TEXT);
	return o;
}

static int give(struct upload *u, const char *import, size_t number, int64_t now)
{
	struct keys_order o = part_of(import, number);
	struct error err = {0};
	int r = upload_part(u, &o, now, &err);

	assert_true(r == 0 || err.text[0]);
	return r;
}

static int open_it(struct upload *u, const char *import, struct upload_content **ret)
{
	struct error err = {0};
	int r = upload_open(u, import, ret, &err);

	assert_true(r == 0 || err.text[0]);
	return r;
}

static void test_together(void **state)
{
	struct upload *u = upload_new();
	struct upload_content *c = NULL;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		content[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(open_it(u, IMPORT, &c), -ENOENT);
	assert_int_equal(give(u, IMPORT, 2, 0), 0);
	assert_int_equal(give(u, IMPORT, 0, 0), 0);
	assert_int_equal(give(u, IMPORT, 2, 0), 0);
	assert_int_equal(open_it(u, IMPORT, &c), -EAGAIN);
	assert_int_equal(give(u, OTHER, 1, 0), -EBUSY);
	assert_int_equal(give(u, IMPORT, 1, 0), 0);
	assert_int_equal(open_it(u, OTHER, &c), -ENOENT);
	assert_int_equal(open_it(u, IMPORT, &c), 0);
	assert_int_equal(c->bytes->len, SIZE);
	assert_memory_equal(c->bytes->data, content, SIZE);
	assert_int_equal(c->file_count, 0);
	assert_int_equal(strlen(c->sha256), KEYS_SHA256_TEXT - 1);
	assert_int_equal(open_it(u, IMPORT, &c), -EBUSY);
	assert_int_equal(give(u, IMPORT, 1, 0), -EBUSY);
	assert_int_equal(upload_drop(u, IMPORT, NULL), -EBUSY);
	c->file_count = 1;
	upload_close(u, false, 0);
	assert_int_equal(give(u, IMPORT, 1, 0), -EBUSY);
	assert_int_equal(open_it(u, IMPORT, &c), 0);
	assert_int_equal(c->file_count, 1);
	upload_close(u, true, 0);
	assert_int_equal(open_it(u, IMPORT, &c), -ENOENT);
	assert_int_equal(give(u, IMPORT, 1, 0), -ENOENT);
	assert_int_equal(give(u, OTHER, 1, 0), 0);
	upload_free(u);
}

static void test_of_other_files(void **state)
{
	struct upload *u = upload_new();
	struct keys_order o = part_of(IMPORT, 0);
	struct error err = {0};

	(void)state;
	assert_int_equal(give(u, IMPORT, 1, 0), 0);
	o.size++;
	assert_int_equal(upload_part(u, &o, 0, &err), -EBADMSG);
	assert_int_equal(err.reason, REASON_VALUE_BAD);
	upload_free(u);
}

/* Who begins and goes away is not waited for; who reads what was found is, for longer. */
static void test_given_up(void **state)
{
	const int64_t part = (int64_t)NM_KEYS_PART_SECONDS * 1000;
	const int64_t look = (int64_t)NM_KEYS_LOOK_SECONDS * 1000;
	struct upload *u = upload_new();
	struct upload_content *c = NULL;

	(void)state;
	assert_int_equal(give(u, IMPORT, 0, 1000), 0);
	upload_tick(u, 1000 + part);
	assert_int_equal(give(u, IMPORT, 1, 1000 + part), 0);
	upload_tick(u, 1001 + 2 * part);
	assert_int_equal(give(u, IMPORT, 2, 0), -ENOENT);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(give(u, OTHER, i, 0), 0);
	assert_int_equal(open_it(u, OTHER, &c), 0);
	c->file_count = 1;
	upload_tick(u, 10 * look); /* somebody is at work */
	upload_close(u, false, 0);
	upload_tick(u, look);
	assert_int_equal(open_it(u, OTHER, &c), 0);
	upload_close(u, false, 0);
	upload_tick(u, look + 1);
	assert_int_equal(open_it(u, OTHER, &c), -ENOENT);
	upload_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good),
	        cmocka_unit_test(test_refused), cmocka_unit_test(test_together),
	        cmocka_unit_test(test_of_other_files), cmocka_unit_test(test_given_up)};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
