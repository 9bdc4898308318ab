/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP to a BMC, against servers of Python's: what an answer may not do to us. */
#include "tests/module/power_https_site.h"

static void assert_refused(const char *path, enum https_login login, int code, enum reason reason)
{
	struct bmc_answer a;
	struct error err;

	memset(&a, 0x5a, sizeof(a));
	struct bmc_answer before = a;
	assert_int_equal(get(path, login, &a, &err), code);
	assert_int_equal(err.code, code);
	assert_string_equal(reason_code(err.reason), reason_code(reason));
	assert_non_null(strstr(err.text, "127.0.0.1"));
	assert_null(strstr(err.text, "quoted"));
	assert_memory_equal(&a, &before, sizeof(a));
}

/* ---- what comes back ---- */

static void test_redirect_is_not_followed(void **state)
{
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_int_equal(get("/redirect", HTTPS_LOGIN_BASIC, &a, &err), 0);
	assert_int_equal(a.status, 302);
	assert_non_null(strstr(a.location, "/echo"));
	bmc_answer_clear(&a);
}

static void test_empty_answer(void **state)
{
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_int_equal(get("/empty", HTTPS_LOGIN_NONE, &a, &err), 0);
	assert_int_equal(a.status, 204);
	assert_int_equal(a.len, 0);
	assert_string_equal(a.body, "");
	bmc_answer_clear(&a);
}

static void test_later(void **state)
{
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_int_equal(get("/later", HTTPS_LOGIN_NONE, &a, &err), 0);
	assert_int_equal(a.status, 503);
	assert_int_equal(a.retry_after, 7);
	bmc_answer_clear(&a);
	assert_int_equal(get("/much-later", HTTPS_LOGIN_NONE, &a, &err), 0);
	assert_int_equal(a.retry_after, 60);
	bmc_answer_clear(&a);
}

static void test_headers_that_do_not_fit(void **state)
{
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_int_equal(get("/long-headers", HTTPS_LOGIN_NONE, &a, &err), 0);
	assert_string_equal(a.etag, "");
	assert_string_equal(a.location, "");
	assert_int_equal(strlen(a.token), 255);
	bmc_answer_clear(&a);
}

static void test_just_enough(void **state)
{
	static const char *const fine[] = {"/sized?65536", "/sized-in-chunks?65536"};
	static const char *const more[] = {"/sized?65537", "/sized-in-chunks?65537"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bmc_answer a;
		struct error err;
		assert_int_equal(get(fine[i], HTTPS_LOGIN_NONE, &a, &err), 0);
		assert_int_equal(a.len, MAX);
		assert_int_equal(strlen(a.body), MAX);
		bmc_answer_clear(&a);
		assert_refused(more[i], HTTPS_LOGIN_NONE, -EMSGSIZE, REASON_POWER_ANSWER_BAD);
	}
}

static void test_too_much(void **state)
{
	(void)state;
	assert_refused("/huge", HTTPS_LOGIN_NONE, -EMSGSIZE, REASON_POWER_ANSWER_BAD);
	assert_refused("/huge-told", HTTPS_LOGIN_NONE, -EMSGSIZE, REASON_POWER_ANSWER_BAD);
	assert_refused("/huge-headers", HTTPS_LOGIN_NONE, -EMSGSIZE, REASON_POWER_ANSWER_BAD);
	assert_refused("/digest-huge", HTTPS_LOGIN_DIGEST, -EMSGSIZE, REASON_POWER_ANSWER_BAD);
}

static void test_no_answer(void **state)
{
	(void)state;
	assert_refused("/hang-up", HTTPS_LOGIN_BASIC, -EHOSTUNREACH, REASON_POWER_UNREACHABLE);
	assert_refused("/cut-off", HTTPS_LOGIN_BASIC, -EHOSTUNREACH, REASON_POWER_UNREACHABLE);
	assert_refused("/garbage", HTTPS_LOGIN_BASIC, -EBADMSG, REASON_POWER_ANSWER_BAD);
}

static void test_deadline(void **state)
{
	static const char *const paths[] = {"/silent", "/drip"};
	struct power_target t = target_of(good.pin);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_NONE);
		struct bmc_call call = {.method = "GET",
		        .path = paths[i],
		        .max = MAX,
		        .deadline = power_clock() + 1500};
		struct bmc_answer a;
		struct error err = {0};
		assert_int_equal(bmc_https_call(h, &call, &a, &err), -ETIMEDOUT);
		assert_int_equal(err.reason, REASON_POWER_UNREACHABLE);
		/* It is over by now, whatever the machine is busy with. */
		assert_int_equal(bmc_https_call(h, &call, &a, &err), -ETIMEDOUT);
		bmc_https_free(h);
	}
}

static void assert_unreachable(bool tls, unsigned port, int code, enum reason reason)
{
	struct power_target t = target_of("");
	struct bmc_https *h = new_to(&t, tls, port, HTTPS_LOGIN_BASIC);
	struct bmc_answer a;
	struct error err;

	assert_int_equal(call_path(h, "/", &a, &err), code);
	assert_int_equal(err.reason, reason);
	assert_string_equal(bmc_https_pin(h), "");
	bmc_https_free(h);
}

static void test_nobody_there(void **state)
{
	(void)state;
	assert_unreachable(true, nobody_port, -EHOSTUNREACH, REASON_POWER_UNREACHABLE);
	assert_unreachable(false, nobody_port, -EHOSTUNREACH, REASON_POWER_UNREACHABLE);
	assert_unreachable(true, garbage_port, -EPROTO, REASON_POWER_UNREACHABLE);
	assert_unreachable(true, plain_port, -EPROTO, REASON_POWER_UNREACHABLE);
	assert_unreachable(false, garbage_port, -EBADMSG, REASON_POWER_ANSWER_BAD);
}

/* ---- what does not get so far ---- */

static void test_addresses(void **state)
{
	static const char *const bad[] = {"", "10.0.0.1/", "bmc@evil", "bmc:80@evil", "a b",
	        "a\r\nX: y", "[::1]", "-x", "a%b", "a#b", "a?b"};
	static const char *const fine[] = {"::1", "bmc-1.example", "10.0.0.1", "BMC_2"};
	struct power_target t = {0};
	struct bmc_https *h = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(t.address, sizeof(t.address), "%s", bad[i]);
		assert_int_equal(bmc_https_new(&t, true, 443, HTTPS_LOGIN_NONE, &h), -EINVAL);
		assert_null(h);
	}
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		(void)snprintf(t.address, sizeof(t.address), "%s", fine[i]);
		bmc_https_free(new_to(&t, true, 443, HTTPS_LOGIN_NONE));
	}
}

static void test_paths(void **state)
{
	static const char *const bad[] = {"", "echo", "@evil/", ":1@evil/", "/a b", "/a\r\nX: y",
	        "/a#b", "/\303\244", "http://evil/"};
	static const char *const injected[] = {"If-Match: x\r\nX: y", NULL};
	char longest[POWER_URL + 2];
	struct bmc_answer a;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(get(bad[i], HTTPS_LOGIN_NONE, &a, &err), -EBADMSG);
		assert_int_equal(err.reason, REASON_POWER_ANSWER_BAD);
	}
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[POWER_URL] = 0;
	assert_int_equal(get(longest, HTTPS_LOGIN_NONE, &a, &err), -EBADMSG);
	longest[POWER_URL - 1] = 0;
	assert_int_equal(get(longest, HTTPS_LOGIN_NONE, &a, &err), 0);
	bmc_answer_clear(&a);

	struct power_target t = target_of(good.pin);
	struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_NONE);
	struct bmc_call call = {.method = "GET",
	        .path = "/echo",
	        .headers = injected,
	        .max = MAX,
	        .deadline = power_clock() + MINUTE};
	assert_int_equal(bmc_https_call(h, &call, &a, &err), -EBADMSG);
	bmc_https_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_redirect_is_not_followed),
	        cmocka_unit_test(test_empty_answer),
	        cmocka_unit_test(test_later),
	        cmocka_unit_test(test_headers_that_do_not_fit),
	        cmocka_unit_test(test_just_enough),
	        cmocka_unit_test(test_too_much),
	        cmocka_unit_test(test_no_answer),
	        cmocka_unit_test(test_deadline),
	        cmocka_unit_test(test_nobody_there),
	        cmocka_unit_test(test_addresses),
	        cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
