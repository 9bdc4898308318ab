/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP to a BMC, against servers of Python's: whose certificate gets a password, and what it gets.
 */
#include "tests/module/power_https_site.h"

/* What came to a server: [[method, path, with a login], ...] */
static json_t *seen_by(const struct site *site)
{
	struct power_target t = target_of("");
	struct bmc_https *h = new_to(&t, true, site->port, HTTPS_LOGIN_NONE);
	struct bmc_answer a;
	struct error err;

	assert_int_equal(call_path(h, "/seen", &a, &err), 0);
	json_t *seen = json_loadb(a.body, a.len, 0, NULL);
	assert_non_null(seen);
	bmc_answer_clear(&a);
	bmc_https_free(h);
	return seen;
}

static void assert_never_seen(const struct site *site, const char *path)
{
	json_t *seen = seen_by(site), *entry;
	size_t i;

	json_array_foreach(seen, i, entry)
	{
		assert_string_not_equal(json_string_value(json_array_get(entry, 1)), path);
	}
	json_decref(seen);
}

/* ---- certificates ---- */

static void test_known_certificate(void **state)
{
	struct power_target t = target_of(good.pin);
	struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_BASIC);
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_string_equal(bmc_https_pin(h), "");
	assert_int_equal(call_path(h, "/basic", &a, &err), 0);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "in");
	assert_string_equal(bmc_https_pin(h), good.pin);
	bmc_answer_clear(&a);
	bmc_https_free(h);
}

static void test_unknown_certificate_is_told(void **state)
{
	struct power_target t = target_of("");
	struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_NONE);
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_int_equal(call_path(h, "/echo", &a, &err), 0);
	assert_string_equal(bmc_https_pin(h), good.pin);
	bmc_answer_clear(&a);
	bmc_https_free(h);
}

static void test_other_certificate_gets_nothing(void **state)
{
	struct power_target t = target_of(aged.pin);
	struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_BASIC);
	struct bmc_answer a;
	struct error err;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(call_path(h, "/for-another", &a, &err), -EACCES);
		assert_int_equal(err.reason, REASON_POWER_CERTIFICATE);
	}
	bmc_https_free(h);
	assert_never_seen(&good, "/for-another");
}

/* Without a pin, too, all of one object's connections are to the same one. */
static void test_certificate_changes_meanwhile(void **state)
{
	struct power_target t = target_of("");
	struct bmc_https *h = new_to(&t, true, changing.port, HTTPS_LOGIN_BASIC);
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_int_equal(call_path(h, "/hang-up", &a, &err), -EHOSTUNREACH);
	assert_int_equal(call_path(h, "/for-the-first", &a, &err), -EACCES);
	assert_int_equal(err.reason, REASON_POWER_CERTIFICATE);
	assert_string_equal(bmc_https_pin(h), changing.pin);
	bmc_https_free(h);
	assert_never_seen(&changing, "/for-the-first");
}

static void test_old_controller(void **state)
{
	struct power_target t = target_of(aged.pin);
	struct bmc_https *h = new_to(&t, true, aged.port, HTTPS_LOGIN_DIGEST);
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_int_equal(call_path(h, "/digest", &a, &err), 0);
	assert_int_equal(a.status, 200);
	bmc_answer_clear(&a);
	bmc_https_free(h);
}

/* ---- what is sent ---- */

static void test_methods(void **state)
{
	static const char *const headers[] = {"If-Match: W/\"17\"", NULL};
	static const struct bmc_call calls[] = {
	        {.method = "GET", .path = "/echo?$expand=.", .headers = headers},
	        {.method = "POST", .path = "/echo", .body = "{\"ResetType\":\"On\"}"},
	        {.method = "GET", .path = "/echo"},
	        {.method = "PATCH", .path = "/echo", .body = "{}", .headers = headers},
	        {.method = "DELETE", .path = "/echo"},
	        {.method = "POST", .path = "/echo"},
	};
	struct power_target t = target_of("");
	struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_NONE);

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct bmc_call call = calls[i];
		struct bmc_answer a;
		call.max = MAX;
		call.deadline = power_clock() + MINUTE;
		assert_int_equal(bmc_https_call(h, &call, &a, NULL), 0);
		json_t *told = json_loadb(a.body, a.len, 0, NULL);
		json_t *sent = json_object_get(told, "headers");
		const char *type = json_string_value(json_object_get(sent, "Content-Type"));
		const char *match = json_string_value(json_object_get(sent, "If-Match"));
		assert_string_equal(
		        json_string_value(json_object_get(told, "method")), call.method);
		assert_string_equal(json_string_value(json_object_get(told, "path")), call.path);
		assert_string_equal(json_string_value(json_object_get(told, "body")),
		        call.body ? call.body : "");
		assert_string_equal(match ? match : "", call.headers ? "W/\"17\"" : "");
		if (call.body)
			assert_string_equal(type, "application/json");
		assert_null(json_object_get(sent, "Expect"));
		assert_string_equal(a.etag, "W/\"17\"");
		assert_string_equal(a.location, "/redfish/v1/Sessions/1");
		assert_string_equal(a.token, "token of a session");
		json_decref(told);
		bmc_answer_clear(&a);
		assert_null(a.body);
		assert_int_equal(a.token[0], 0);
	}
	bmc_https_free(h);
}

static void test_type_of_a_body(void **state)
{
	static const char *const headers[] = {
	        "content-type: application/soap+xml;charset=UTF-8", NULL};
	struct power_target t = target_of("");
	struct bmc_https *h = new_to(&t, false, plain_port, HTTPS_LOGIN_NONE);
	struct bmc_call call = {.method = "POST",
	        .path = "/echo",
	        .body = "<a/>",
	        .headers = headers,
	        .max = MAX,
	        .deadline = power_clock() + MINUTE};
	struct bmc_answer a;

	(void)state;
	assert_int_equal(bmc_https_call(h, &call, &a, NULL), 0);
	assert_non_null(strstr(a.body, "application/soap+xml;charset=UTF-8"));
	assert_null(strstr(a.body, "application/json"));
	assert_string_equal(bmc_https_pin(h), ""); /* no TLS, no certificate */
	bmc_answer_clear(&a);
	bmc_https_free(h);
}

static void test_login_is_left_out(void **state)
{
	struct power_target t = target_of(good.pin);
	struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_BASIC);
	struct bmc_call call = {.method = "GET",
	        .path = "/basic",
	        .max = MAX,
	        .without_login = true,
	        .deadline = power_clock() + MINUTE};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct bmc_answer a;
		call.without_login = i % 2 == 0;
		assert_int_equal(bmc_https_call(h, &call, &a, NULL), 0);
		assert_int_equal(a.status, call.without_login ? 401 : 200);
		bmc_answer_clear(&a);
	}
	bmc_https_free(h);
}

/* POST's body has to go out again after the question for a login; nonces run out. */
static void test_digest(void **state)
{
	static const char *const paths[] = {"/digest", "/digest-once"};
	struct power_target t = target_of(good.pin);
	struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_DIGEST);

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct bmc_call call = {.method = "POST",
		        .path = paths[i / 3],
		        .body = "<Envelope/>",
		        .max = MAX,
		        .deadline = power_clock() + MINUTE};
		struct bmc_answer a;
		assert_int_equal(bmc_https_call(h, &call, &a, NULL), 0);
		assert_int_equal(a.status, 200);
		assert_string_equal(a.body, "POST <Envelope/>");
		bmc_answer_clear(&a);
	}
	bmc_https_free(h);
}

static size_t times_seen(const char *path)
{
	json_t *seen = seen_by(&good), *entry;
	size_t i, count = 0;

	json_array_foreach(seen, i, entry)
	{
		count += strcmp(json_string_value(json_array_get(entry, 1)), path) == 0;
	}
	json_decref(seen);
	return count;
}

/* Whoever closes a connection without an answer may have done what he was asked. */
static void test_post_is_sent_once(void **state)
{
	struct power_target t = target_of(good.pin);
	struct bmc_https *h = new_to(&t, true, good.port, HTTPS_LOGIN_BASIC);
	struct bmc_call call = {.method = "POST",
	        .path = "/hang-up?once",
	        .max = MAX,
	        .deadline = power_clock() + MINUTE};
	struct bmc_answer a;
	struct error err;

	(void)state;
	/* Its connection stays open. By curl's own rules the next call would go by it, and again.
	 */
	assert_int_equal(call_path(h, "/echo", &a, &err), 0);
	bmc_answer_clear(&a);
	assert_int_equal(bmc_https_call(h, &call, &a, &err), -EHOSTUNREACH);
	bmc_https_free(h);
	assert_int_equal(times_seen("/hang-up?once"), 1);
}

static void test_wrong_password(void **state)
{
	static const struct {
		const char *path;
		enum https_login login;
	} cases[] = {{"/digest", HTTPS_LOGIN_DIGEST}, {"/basic", HTTPS_LOGIN_BASIC}};
	struct power_target t = target_of(good.pin);
	struct secret *wrong = secret_copy("wrong", 6);

	(void)state;
	t.password = wrong;
	for (size_t i = 0; i < 2; i++) {
		struct bmc_https *h = new_to(&t, true, good.port, cases[i].login);
		struct bmc_answer a;
		struct error err;
		assert_int_equal(call_path(h, cases[i].path, &a, &err), 0);
		assert_int_equal(a.status, 401);
		bmc_answer_clear(&a);
		bmc_https_free(h);
	}
	secret_free(wrong);
}

/* Who asks for Basic where Digest is meant gets no password. */
static void test_no_step_down_to_basic(void **state)
{
	struct bmc_answer a;
	struct error err;

	(void)state;
	assert_int_equal(get("/wants-basic", HTTPS_LOGIN_DIGEST, &a, &err), 0);
	assert_int_equal(a.status, 401);
	bmc_answer_clear(&a);
	json_t *seen = seen_by(&good), *entry;
	size_t i, found = 0;
	json_array_foreach(seen, i, entry)
	{
		if (strcmp(json_string_value(json_array_get(entry, 1)), "/wants-basic") != 0)
			continue;
		found++;
		assert_false(json_is_true(json_array_get(entry, 2)));
	}
	assert_int_equal(found, 1);
	json_decref(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_known_certificate),
	        cmocka_unit_test(test_unknown_certificate_is_told),
	        cmocka_unit_test(test_other_certificate_gets_nothing),
	        cmocka_unit_test(test_certificate_changes_meanwhile),
	        cmocka_unit_test(test_old_controller),
	        cmocka_unit_test(test_methods),
	        cmocka_unit_test(test_type_of_a_body),
	        cmocka_unit_test(test_login_is_left_out),
	        cmocka_unit_test(test_digest),
	        cmocka_unit_test(test_post_is_sent_once),
	        cmocka_unit_test(test_wrong_password),
	        cmocka_unit_test(test_no_step_down_to_basic),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
