/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The appliance's answers: the good ones of include/netmend/README.md, and what must be refused. */
#include "fixer/link/api_answer.h"
#include "fixer/base/json_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ID     "0123456789abcdef0123456789abcdef"
#define SHA256 ID ID
#define GUID_A "063EA4E1-220C-4293-BA01-4754620A96E7"
#define SEALED_96                                                          \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

#define SESSION(rest)                                                         \
	"{\"v\":1,\"session\":\"" ID "\",\"machine\":\"PC-7\",\"attempt\":2," \
	"\"heartbeat\":10,\"recipe\":\"[recipe]\"," rest "}"

static void test_session(void **state)
{
	static const char plain[] = SESSION("\"pending\":null");
	static const char pending[] =
	        SESSION("\"pending\":{\"sha256\":\"" SHA256 "\",\"size\":77}");
	struct api_session s;
	struct error err = {0};

	(void)state;
	assert_int_equal(api_parse_session(plain, strlen(plain), &s, &err), 0);
	assert_string_equal(s.id, ID);
	assert_string_equal(s.machine, "PC-7");
	assert_string_equal(s.recipe, "[recipe]");
	assert_int_equal(s.attempt, 2);
	assert_int_equal(s.heartbeat, 10);
	assert_false(s.pending);
	api_session_clear(&s);

	assert_int_equal(api_parse_session(pending, strlen(pending), &s, &err), 0);
	assert_true(s.pending);
	assert_string_equal(s.pending_sha256, SHA256);
	assert_int_equal(s.pending_size, 77);
	api_session_clear(&s);
}

static const char *const bad_sessions[] = {
        "",
        "[]",
        "{}",
        "nonsense",
        SESSION("\"pending\":null,\"extra\":1"),
        SESSION("\"pending\":null,\"attempt\":3"),
        SESSION("\"pending\":0"),
        SESSION("\"pending\":{}"),
        SESSION("\"pending\":{\"sha256\":\"" SHA256 "\",\"size\":77,\"x\":1}"),
        SESSION("\"pending\":{\"sha256\":\"" ID "\",\"size\":77}"),
        SESSION("\"pending\":{\"sha256\":\"" SHA256 "\",\"size\":0}"),
        SESSION("\"pending\":{\"sha256\":\"" SHA256 "\",\"size\":67108865}"),
        "{\"v\":2,\"session\":\"" ID "\",\"machine\":\"\",\"attempt\":1,\"heartbeat\":10,"
        "\"recipe\":\"\",\"pending\":null}",
        "{\"v\":1,\"session\":\"../../../../etc/"
        "passwd\",\"machine\":\"\",\"attempt\":1,"
        "\"heartbeat\":10,\"recipe\":\"\",\"pending\":null}",
        "{\"v\":1,\"session\":\"" ID
        "\",\"machine\":\"\",\"attempt\":1,\"pairing\":\"K7Q2MF\",\"heartbeat\":10,"
        "\"recipe\":\"\",\"pending\":null}",
        "{\"v\":1,\"session\":\"" ID "\",\"machine\":\"\",\"attempt\":1,\"heartbeat\":0,"
        "\"recipe\":\"\",\"pending\":null}",
        "{\"v\":1,\"session\":\"" ID "\",\"machine\":\"\",\"attempt\":\"1\",\"heartbeat\":1,"
        "\"recipe\":\"\",\"pending\":null}",
};

static void test_bad_sessions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_sessions) / sizeof(bad_sessions[0]); i++) {
		struct api_session s;
		struct error err = {0};
		if (api_parse_session(bad_sessions[i], strlen(bad_sessions[i]), &s, &err) >= 0)
			fail_msg("accepted: %s", bad_sessions[i]);
		assert_int_equal(err.reason, REASON_PROTOCOL_ERROR);
	}
}

/* What the machine shows must not carry escape sequences. */
static void test_machine_name_is_cleaned(void **state)
{
	static const char text[] =
	        "{\"v\":1,\"session\":\"" ID "\",\"machine\":\"a\\u001b[2Jb\",\"attempt\":1,"
	        "\"heartbeat\":10,\"recipe\":\"\",\"pending\":null}";
	struct api_session s;

	(void)state;
	assert_int_equal(api_parse_session(text, strlen(text), &s, NULL), 0);
	assert_string_equal(s.machine, "a?[2Jb");
	api_session_clear(&s);
}

#define ASKED(status, reason, request, rest)                                           \
	"{\"v\":1,\"status\":\"" status "\",\"reason\":\"" reason "\",\"text\":\"t\"," \
	"\"request\":\"" request "\"" rest "}"
#define RELEASE(status, reason, rest) ASKED(status, reason, "", rest)
#define KEY(id, sealed)               "{\"id\":\"" id "\",\"protector\":\"" GUID_A "\",\"sealed\":\"" sealed "\"}"

static void test_release(void **state)
{
	static const char pending[] = RELEASE("pending", "KEY_NOT_FOUND", "");
	static const char approval[] = ASKED("pending", "WAITING_APPROVAL", "00112233445566ff", "");
	static const char denied[] = RELEASE("denied", "RELEASE_DENIED", "");
	static const char granted[] =
	        RELEASE("released", "OK", ",\"volumes\":[" KEY(GUID_A, SEALED_96) "]");
	struct api_release r;
	struct guid id;

	(void)state;
	assert_int_equal(api_parse_release(pending, strlen(pending), &r, NULL), 0);
	assert_int_equal(r.status, RELEASE_PENDING);
	assert_int_equal(r.reason, REASON_KEY_NOT_FOUND);
	assert_string_equal(r.request, "");
	assert_int_equal(api_parse_release(approval, strlen(approval), &r, NULL), 0);
	assert_string_equal(r.request, "00112233445566ff");
	assert_int_equal(api_parse_release(denied, strlen(denied), &r, NULL), 0);
	assert_int_equal(r.status, RELEASE_DENIED);
	assert_int_equal(api_parse_release(granted, strlen(granted), &r, NULL), 0);
	assert_int_equal(r.status, RELEASE_GRANTED);
	assert_int_equal(r.count, 1);
	assert_int_equal(guid_parse(GUID_A, &id), 0);
	assert_true(guid_equal(&r.keys[0].volume, &id));
}

static const char *const bad_releases[] = {
        RELEASE("maybe", "OK", ""),
        RELEASE("pending", "NO_SUCH_REASON", ""),
        "{\"v\":1,\"status\":\"pending\",\"reason\":\"WAITING_KEY\",\"text\":\"\"}",
        ASKED("pending", "WAITING_APPROVAL", "00112233445566f", ""),
        ASKED("pending", "WAITING_APPROVAL", "00112233445566FF", ""),
        ASKED("pending", "WAITING_APPROVAL", "00112233445566ff0", ""),
        ASKED("denied", "RELEASE_DENIED", "00112233445566ff", ""),
        ASKED("released", "OK", "00112233445566ff", ",\"volumes\":[" KEY(GUID_A, SEALED_96) "]"),
        RELEASE("pending", "WAITING_KEY", ",\"volumes\":[" KEY(GUID_A, SEALED_96) "]"),
        RELEASE("released", "OK", ""),
        RELEASE("released", "OK", ",\"volumes\":null"),
        RELEASE("released", "OK", ",\"volumes\":{}"),
        RELEASE("released", "OK", ",\"volumes\":[]"),
        RELEASE("released", "OK", ",\"volumes\":[1]"),
        RELEASE("released", "OK", ",\"volumes\":[" KEY("", SEALED_96) "]"),
        RELEASE("released", "OK", ",\"volumes\":[" KEY(GUID_A, "AAAA") "]"),
        RELEASE("released", "OK", ",\"volumes\":[" KEY(GUID_A, SEALED_96 "AAAA") "]"),
};

static void test_bad_releases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_releases) / sizeof(bad_releases[0]); i++) {
		struct api_release r;
		struct error err = {0};
		if (api_parse_release(bad_releases[i], strlen(bad_releases[i]), &r, &err) >= 0)
			fail_msg("accepted: %s", bad_releases[i]);
		assert_int_equal(err.reason, REASON_PROTOCOL_ERROR);
	}
}

static int parse_next(const char *text, struct api_next *ret)
{
	return api_parse_next(text, strlen(text), ret, NULL);
}

static void test_next(void **state)
{
	struct api_next n;

	(void)state;
	assert_int_equal(parse_next("{\"v\":1,\"next\":\"reboot\",\"text\":\"\"}", &n), 0);
	assert_int_equal(n.step, NEXT_REBOOT);
	assert_int_equal(parse_next("{\"v\":1,\"next\":\"hold\",\"text\":\"why\"}", &n), 0);
	assert_int_equal(n.step, NEXT_HOLD);
	assert_string_equal(n.text, "why");
	assert_int_equal(parse_next("{\"v\":1,\"next\":\"again\",\"text\":\"\"}", &n), 0);
	assert_int_equal(n.step, NEXT_AGAIN);
	assert_int_equal(parse_next("{\"v\":1,\"next\":\"explode\",\"text\":\"\"}", &n), -EPROTO);
	assert_int_equal(parse_next("{\"v\":1,\"next\":\"reboot\"}", &n), -EPROTO);
}

static void test_ack_and_saved(void **state)
{
	static const char ack[] = "{\"v\":1,\"ack\":12}",
	                  saved[] = "{\"v\":1,\"sha256\":\"" SHA256 "\",\"size\":5}";
	char sha256[65] = "";
	uint64_t seq = 0;

	(void)state;
	assert_int_equal(api_parse_ack(ack, strlen(ack), &seq, NULL), 0);
	assert_int_equal(seq, 12);
	assert_int_equal(api_parse_ack("{\"v\":1,\"ack\":-1}", 16, &seq, NULL), -EPROTO);
	assert_int_equal(api_parse_saved(saved, strlen(saved), 5, sha256, NULL), 0);
	assert_string_equal(sha256, SHA256);
	assert_int_equal(api_parse_saved(saved, strlen(saved), 6, sha256, NULL), -EPROTO);
}

static void test_refusal(void **state)
{
	static const char body[] = "{\"v\":1,\"error\":\"TOKEN_INVALID\",\"text\":\"used\"}";
	struct error err = {0};

	(void)state;
	assert_int_equal(api_parse_refusal(403, body, strlen(body), &err), -EACCES);
	assert_int_equal(err.reason, REASON_TOKEN_INVALID);
	assert_string_equal(err.text, "used");
	assert_int_equal(api_parse_refusal(502, "<html>", 6, &err), -EPROTO);
	assert_int_equal(err.reason, REASON_PROTOCOL_ERROR);
	assert_non_null(strstr(err.text, "502"));
}

static void test_json_text(void **state)
{
	json_t *good = json_text("Gr\xc3\xb6\xc3\x9f"
	                         "e"),
	       *bad = json_text("Gr\xf6\xdf"
	                        "e");

	(void)state;
	assert_string_equal(json_string_value(good), "Gr\xc3\xb6\xc3\x9f"
	                                             "e");
	assert_string_equal(json_string_value(bad), "Gr??e");
	json_decref(good);
	json_decref(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_session),
	        cmocka_unit_test(test_bad_sessions),
	        cmocka_unit_test(test_machine_name_is_cleaned),
	        cmocka_unit_test(test_release),
	        cmocka_unit_test(test_bad_releases),
	        cmocka_unit_test(test_next),
	        cmocka_unit_test(test_ack_and_saved),
	        cmocka_unit_test(test_refusal),
	        cmocka_unit_test(test_json_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
