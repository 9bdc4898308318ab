/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What escrow says to the web process: taken as it should be, and nothing else. */
#include "appliance/api/escrow_answer.h"
#include "appliance/api/rate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define GUID     "F3A1B6B0-10AA-4F1B-8C1E-6B1C3A5D7E9F"
#define SEALED32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SEALED   SEALED32 SEALED32 SEALED32 SEALED32
#define SOURCE                                                                            \
	"{\"name\":\"ad\",\"type\":\"ldap\",\"reason\":\"SOURCE_LOGIN\",\"text\":\"49\"," \
	"\"checked\":5,\"snapshot\":600,\"snapshot_keys\":7}"
#define MACHINE                                                                         \
	"{\"id\":1,\"name\":\"PC\",\"uuid\":\"\",\"serial\":\"S\",\"mac\":\"m\",\"ip\"" \
	":\"10.0.0.7\"}"

static json_t *json_of(const char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	return json;
}

static int parse(const char *text, struct escrow_message *ret)
{
	struct error err = {0};
	int r = escrow_message_parse(text, strlen(text), ret, &err);

	if (r < 0) {
		assert_int_equal(r, -EINVAL);
		assert_int_equal(err.reason, REASON_PROTOCOL_ERROR);
	}
	return r;
}

static void test_messages(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"v\":1}", "{\"v\":2,\"id\":1}",
	        "{\"v\":1,\"id\":0}", "{\"v\":1,\"id\":\"1\"}", "{\"v\":1,\"id\":1,\"id\":1}",
	        "{\"v\":1,\"news\":\"x\"}", "{\"v\":1,\"news\":\"requests\",\"more\":1}",
	        "{\"v\":1,\"news\":\"release\"}",
	        "{\"v\":1,\"news\":\"release\",\"session\":\"0123456789ABCDEF0123456789ABCDEF\"}"};
	struct escrow_message m = {.id = -5};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &m), -EINVAL);
	assert_int_equal(m.id, -5);
	assert_int_equal(parse("{\"v\":1,\"id\":7,\"ok\":true}", &m), 0);
	assert_int_equal(m.kind, ESCROW_ANSWER);
	assert_int_equal(m.id, 7);
	assert_int_equal(json_object_size(m.json), 1);
	json_decref(m.json);
	assert_int_equal(parse("{\"v\":1,\"news\":\"requests\"}", &m), 0);
	assert_int_equal(m.kind, ESCROW_NEWS_REQUESTS);
	assert_null(m.json);
	assert_int_equal(parse("{\"v\":1,\"news\":\"release\",\"session\":"
	                       "\"0123456789abcdef0123456789abcdef\"}",
	                         &m),
	        0);
	assert_int_equal(m.kind, ESCROW_NEWS_RELEASE);
	assert_string_equal(m.session, "0123456789abcdef0123456789abcdef");
}

#define STATUS(keys, locked, approval, requests, sources)                                 \
	"{\"ok\":true,\"text\":\"\",\"keys\":" keys ",\"locked\":" locked                 \
	",\"box\":\"\",\"approval\":\"" approval "\",\"campaign\":\"\",\"released\":0,"   \
	"\"stopped\":\"\",\"requests\":" requests ",\"waiting\":{},\"sources\":[" sources \
	"],\"snapshot\":{}}"

static int status_of(const char *text, json_t **ret)
{
	struct error err = {0};
	json_t *json = json_of(text);
	int r = escrow_status_parse(json, ret, &err);

	json_decref(json);
	return r;
}

static void test_status(void **state)
{
	static const char *const bad[] = {STATUS("-1", "false", "auto", "0", ""),
	        STATUS("1", "0", "auto", "0", ""), STATUS("1", "false", "none", "0", ""),
	        STATUS("1", "false", "auto", "-2", ""), STATUS("1", "false", "auto", "0", "{}"),
	        STATUS("1", "false", "auto", "0", "1"),
	        STATUS("1", "false", "auto", "0",
	                SOURCE "," SOURCE "," SOURCE "," SOURCE "," SOURCE "," SOURCE "," SOURCE
	                       "," SOURCE "," SOURCE)};
	json_t *page = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(status_of(bad[i], &page), -EINVAL);
	assert_null(page);
	assert_int_equal(status_of(STATUS("12", "true", "pairing", "3", SOURCE), &page), 0);
	assert_int_equal(json_integer_value(json_object_get(page, "snapshot")), 600);
	assert_true(json_is_true(json_object_get(page, "locked")));
	json_t *source = json_array_get(json_object_get(page, "sources"), 0);
	assert_string_equal(json_string_value(json_object_get(source, "title")),
	        reason_title(REASON_SOURCE_LOGIN));
	json_t *lost = escrow_status_lost(page, "gone");
	assert_true(json_is_false(json_object_get(lost, "ok")));
	assert_int_equal(json_integer_value(json_object_get(lost, "keys")), 12);
	assert_string_equal(json_string_value(json_object_get(lost, "approval")), "pairing");
	assert_string_equal(json_string_value(json_object_get(lost, "text")), "gone");
	json_decref(lost);
	json_decref(page);
}

#define REQUEST(number, code, needs, approved)                                            \
	"{\"ok\":true,\"requests\":[{\"request\":\"" number "\",\"machine\":" MACHINE     \
	",\"code\":\"" code "\",\"since\":1,\"expires\":2,\"needs\":" needs ",\"approved" \
	"\":[" approved "]}]}"

static void test_requests(void **state)
{
	static const char *const bad[] = {REQUEST("0123456789abcde", "K7Q2MF", "1", ""),
	        REQUEST("0123456789abcdef", "K7Q2MFX", "1", ""),
	        REQUEST("0123456789abcdef", "K7Q2MF", "0", ""),
	        REQUEST("0123456789abcdef", "K7Q2MF", "3", ""),
	        REQUEST("0123456789abcdef", "K7Q2MF", "2", "1"),
	        REQUEST("0123456789abcdef", "K7Q2MF", "2", "\"a\",\"b\",\"c\""),
	        "{\"ok\":false,\"requests\":[]}", "{\"ok\":true}", "{\"ok\":true,\"requests\":{}}"};
	struct error err = {0};
	json_t *list = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *json = json_of(bad[i]);
		assert_int_equal(escrow_requests_parse(json, &list, &err), -EINVAL);
		json_decref(json);
	}
	assert_null(list);
	json_t *json = json_of(REQUEST("0123456789abcdef", "K7Q2MF", "2", "\"anna\""));
	assert_int_equal(escrow_requests_parse(json, &list, &err), 0);
	json_decref(json);
	json_t *first = json_array_get(list, 0);
	assert_int_equal(json_integer_value(json_object_get(first, "machine")), 1);
	assert_string_equal(json_string_value(json_object_get(first, "ip")), "10.0.0.7");
	assert_null(json_object_get(first, "uuid"));
	json_decref(list);
}

static int release_of(const char *text, struct escrow_release *ret)
{
	struct error err = {0};
	json_t *json = json_of(text);
	int r = escrow_release_parse(json, ret, &err);

	json_decref(json);
	return r;
}

#define RELEASE(status, reason, request, code, volumes)                          \
	"{\"status\":\"" status "\",\"reason\":\"" reason "\",\"text\":\"t\",\"" \
	"request\":\"" request "\",\"code\":\"" code "\",\"volumes\":[" volumes "]}"
#define VOLUME(id, sealed) \
	"{\"id\":\"" id "\",\"protector\":\"" GUID "\",\"sealed\":\"" sealed "\"}"

static void test_release(void **state)
{
	static const char *const bad[] = {RELEASE("yes", "OK", "", "", ""),
	        RELEASE("pending", "NOPE", "", "", ""), RELEASE("released", "OK", "", "", ""),
	        RELEASE("released", "OK", "", "", VOLUME("x", SEALED)),
	        RELEASE("released", "OK", "", "", VOLUME(GUID, SEALED32)),
	        RELEASE("pending", "WAITING_APPROVAL", "0123", "K7Q2MF", ""),
	        RELEASE("pending", "WAITING_APPROVAL", "0123456789abcdef", "K7Q2MF7", "")};
	struct escrow_release release = {.text = "kept"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(release_of(bad[i], &release), -EINVAL);
	assert_string_equal(release.text, "kept");
	assert_int_equal(
	        release_of(RELEASE("pending", "WAITING_APPROVAL", "0123456789abcdef", "K7Q2MF", ""),
	                &release),
	        0);
	assert_int_equal(release.status, ESCROW_PENDING);
	assert_string_equal(release.code, "K7Q2MF");
	assert_null(release.volumes);
	assert_int_equal(
	        release_of(RELEASE("released", "OK", "", "", VOLUME(GUID, SEALED)), &release), 0);
	assert_int_equal(release.status, ESCROW_RELEASED);
	assert_non_null(release.volumes);
}

static void test_boxes(void **state)
{
	struct error err = {0};
	json_t *page = NULL;
	json_t *json =
	        json_of("{\"ok\":true,\"reason\":\"OK\",\"text\":\"\",\"results\":[{\"request\":"
	                "\"0123456789abcdef\",\"reason\":\"APPROVER_TWICE\",\"text\":\"\"}]}");

	(void)state;
	assert_int_equal(escrow_box_parse(json, &page, &err), 0);
	json_decref(json);
	json_t *result = json_array_get(json_object_get(page, "results"), 0);
	assert_string_equal(json_string_value(json_object_get(result, "title")),
	        reason_title(REASON_APPROVER_TWICE));
	assert_int_equal(json_integer_value(json_object_get(page, "v")), 1);
	json_decref(page);
	json = json_of(
	        "{\"ok\":true,\"reason\":\"OK\",\"text\":\"\",\"results\":[{\"request\":\"x\","
	        "\"reason\":\"OK\",\"text\":\"\"}]}");
	page = NULL;
	assert_int_equal(escrow_box_parse(json, &page, &err), -EINVAL);
	assert_null(page);
	json_decref(json);
}

static void test_rate(void **state)
{
	static struct rate rate;
	char address[16];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(rate_take(&rate, "10.0.0.1", 3, 1000 + i));
	assert_false(rate_take(&rate, "10.0.0.1", 3, 2000));
	assert_true(rate_take(&rate, "10.0.0.2", 3, 2000));
	assert_true(rate_take(&rate, "10.0.0.1", 3, 1000 + RATE_SPAN_MS));
	/* Who was quiet longest makes room; who is busy stays known. */
	for (unsigned i = 0; i < RATE_KEYS - 1; i++) {
		(void)snprintf(address, sizeof(address), "10.0.1.%u", i);
		assert_true(rate_take(&rate, address, 3, 70000 + i));
		(void)rate_take(&rate, "10.0.0.1", 3, 70000 + i);
	}
	assert_false(rate_take(&rate, "10.0.0.1", 3, 71000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_messages),
	        cmocka_unit_test(test_status),
	        cmocka_unit_test(test_requests),
	        cmocka_unit_test(test_release),
	        cmocka_unit_test(test_boxes),
	        cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
