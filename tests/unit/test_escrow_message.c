/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages of escrow's socket: what is taken, and that nothing else is. */
#include "appliance/escrow/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#define MACHINE                                                                                  \
	"{\"id\":7,\"name\":\"PC\\u0007\",\"uuid\":\"u\",\"serial\":\"s\",\"mac\":\"m\",\"ip\":" \
	"\"i\"}"
#define GUID_A "063EA4E1-220C-4293-BA01-4754620A96E7"
#define SALT   "AAECAwQFBgcICQoLDA0ODw=="
#define BLOB                                                                                   \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAA"
#define PROTECTOR "{\"id\":\"" GUID_A "\",\"salt\":\"" SALT "\",\"blob\":\"" BLOB "\"}"
#define VOLUMES   "[{\"id\":\"" GUID_A "\",\"protectors\":[" PROTECTOR "," PROTECTOR "]}]"
#define KEY       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define RELEASE(session, key, volumes)                                                    \
	"{\"v\":1,\"id\":8,\"op\":\"release\",\"session\":\"" session "\",\"key\":\"" key \
	"\",\"machine\":" MACHINE ",\"volumes\":" volumes "}"
#define SESSION  "0123456789abcdef0123456789abcdef"
#define REQUESTS "[\"0123456789ABCDEF\",\"00000000000000ff\"]"

static struct message *parsed(const char *text)
{
	struct message *m = NULL;
	struct error err = {0};

	if (message_parse(text, strlen(text), &m, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return m;
}

static struct ask *ask_of(const char *text)
{
	struct message *m = parsed(text);
	struct ask *a = ask_hold(m->ask);

	message_free(m);
	return a;
}

static void test_release(void **state)
{
	struct message *m = parsed(RELEASE(SESSION, KEY, VOLUMES));

	(void)state;
	assert_int_equal(m->op, MESSAGE_RELEASE);
	assert_int_equal(m->id, 8);
	assert_false(m->root_only);
	assert_string_equal(m->ask->session, SESSION);
	assert_string_equal(m->ask->subject.name, "PC?");
	assert_int_equal(m->ask->subject.machine, 7);
	assert_int_equal(m->ask->volume_count, 1);
	assert_int_equal(m->ask->protector_count, 2);
	assert_int_equal(m->ask->volumes[0].protector_count, 2);
	assert_int_equal(m->ask->volumes[0].protectors[1].blob.salt[15], 15);
	message_free(m);
}

#define OF(campaign, approval)                                                            \
	"{\"v\":1,\"id\":8,\"op\":\"release\",\"session\":\"" SESSION "\",\"key\":\"" KEY \
	"\",\"machine\":" MACHINE ",\"volumes\":" VOLUMES ",\"campaign\":\"" campaign     \
	"\",\"approval\":\"" approval "\"}"

static void test_campaign(void **state)
{
	struct ask *a = ask_of(OF("july", "two-person")), *b = ask_of(OF("", "config"));
	struct message *m = NULL;
	struct error err = {0};

	(void)state;
	assert_string_equal(a->subject.campaign, "july");
	assert_int_equal(a->subject.approval, APPROVAL_TWO_PERSON);
	assert_int_equal(b->subject.approval, APPROVAL_AUTO);
	assert_true(ask_same(a, b)); /* its machine may have got into one since */
	ask_free(a);
	ask_free(b);
	const char *bad = OF("july", "nobody");
	assert_int_equal(message_parse(bad, strlen(bad), &m, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "approval"));
	message_free(m);
}

static void test_asks_of_one_session(void **state)
{
	struct ask *a = ask_of(RELEASE(SESSION, KEY, VOLUMES));
	struct ask *b = ask_of(RELEASE(SESSION, KEY, VOLUMES));

	(void)state;
	assert_true(ask_same(a, b));
	memcpy(b->subject.name, "other", 6); /* people change names */
	assert_true(ask_same(a, b));
	memcpy(b->subject.ip, "1.2.3.4", 8);
	assert_false(ask_same(a, b));
	memcpy(b->subject.ip, a->subject.ip, sizeof(a->subject.ip));
	b->key[31] ^= 1;
	assert_false(ask_same(a, b));
	b->key[31] ^= 1;
	b->volumes[0].protectors[1].blob.sealed[71] ^= 1;
	assert_false(ask_same(a, b));
	ask_free(a);
	ask_free(b);
}

static void test_orders_in_the_clear_are_roots(void **state)
{
	static const char *const texts[] = {"{\"v\":1,\"id\":1,\"op\":\"stop\",\"why\":\"\"}",
	        "{\"v\":1,\"id\":1,\"op\":\"resume\"}",
	        "{\"v\":1,\"id\":1,\"op\":\"trust\",\"which\":\"7\"}",
	        "{\"v\":1,\"id\":1,\"op\":\"unlock\",\"passphrase\":\"x\"}",
	        "{\"v\":1,\"id\":1,\"op\":\"snapshot\",\"source\":\"\"}",
	        "{\"v\":1,\"id\":1,\"op\":\"approver\",\"action\":\"list\"}",
	        "{\"v\":1,\"id\":1,\"op\":\"decide\",\"from\":\"\",\"approver\":\"\","
	        "\"passphrase\":"
	        "\"\",\"decision\":\"deny\",\"requests\":" REQUESTS ",\"why\":\"\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct message *m = parsed(texts[i]);
		assert_true(m->root_only);
		assert_null(m->box);
		message_free(m);
	}
	struct message *m =
	        parsed("{\"v\":1,\"id\":1,\"op\":\"decide\",\"from\":\"a\",\"box\":\"AAEC\"}");
	assert_false(m->root_only);
	assert_int_equal(m->box_len, 3);
	message_free(m);
	/* Without an address it would be root's to whoever counts wrong passphrases. */
	static const char nobody[] =
	        "{\"v\":1,\"id\":1,\"op\":\"decide\",\"from\":\"\",\"box\":\"AAEC\"}";
	assert_int_equal(message_parse(nobody, strlen(nobody), &m, NULL), -EBADMSG);
	message_free(m);
}

static void test_what_is_malformed_can_be_answered(void **state)
{
	static const char *const texts[] = {RELEASE("0123", KEY, VOLUMES),
	        RELEASE(SESSION, "AAAA", VOLUMES), RELEASE(SESSION, KEY, "[]"),
	        RELEASE(SESSION, KEY, "{}"), RELEASE(SESSION, KEY, "[{}]"),
	        RELEASE(SESSION, KEY, "[{\"id\":\"x\",\"protectors\":[]}]"),
	        RELEASE(SESSION, KEY, "[{\"id\":\"" GUID_A "\",\"protectors\":[{}]}]"),
	        "{\"v\":1,\"id\":8,\"op\":\"status\",\"x\":1}",
	        "{\"v\":1,\"id\":8,\"op\":\"sing\"}",
	        "{\"v\":1,\"id\":8,\"op\":\"unlock\",\"passphrase\":\"\"}",
	        "{\"v\":1,\"id\":8,\"op\":\"approver\",\"action\":\"add\",\"name\":\"a\"}",
	        "{\"v\":1,\"id\":8,\"op\":\"misuse\",\"reason\":\"OK\",\"machine\":" MACHINE "}"};
	static const char *const lost[] = {"", "x", "[]", "{}",
	        "{\"v\":2,\"id\":8,\"op\":\"status\"}", "{\"v\":1,\"id\":\"8\",\"op\":\"status\"}",
	        "{\"v\":1,\"id\":8}", "{\"v\":1,\"id\":8,\"id\":8,\"op\":\"status\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct message *m = NULL;
		struct error err = {0};
		assert_int_equal(message_parse(texts[i], strlen(texts[i]), &m, &err), -EBADMSG);
		assert_true(m->has_id && m->id == 8);
		assert_int_equal(err.reason, REASON_PROTOCOL_ERROR);
		message_free(m);
	}
	for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++) {
		struct message *m = NULL;
		assert_int_equal(message_parse(lost[i], strlen(lost[i]), &m, NULL), -EBADMSG);
		assert_false(m->has_id);
		message_free(m);
	}
}

static void test_inside_a_box(void **state)
{
	static const char enter[] = "{\"v\":1,\"op\":\"enter\",\"machine\":7,\"protector\":\"\","
	                            "\"password\":\"1 2 3\"}";
	static const char decide[] =
	        "{\"v\":1,\"op\":\"decide\",\"approver\":\"anna\",\"passphrase\":\"p\","
	        "\"decision\":\"approve\",\"requests\":" REQUESTS ",\"why\":\"seen\"}";
	struct order o;

	(void)state;
	assert_int_equal(order_parse(enter, strlen(enter), &o, NULL), 0);
	assert_true(o.is_entry && !o.entry.has_protector && o.entry.machine == 7);
	assert_int_equal(o.entry.password->len, 5);
	order_clear(&o);
	assert_int_equal(order_parse(decide, strlen(decide), &o, NULL), 0);
	assert_true(!o.is_entry && o.decision.approve && o.decision.count == 2);
	assert_string_equal(o.decision.requests[0], "0123456789abcdef");
	assert_string_equal(o.decision.approver, "anna");
	order_clear(&o);
}

static void test_boxes_with_other_things_inside(void **state)
{
	static const char *const texts[] = {"", "{}", "{\"v\":1,\"op\":\"stop\",\"why\":\"\"}",
	        "{\"v\":1,\"op\":\"enter\",\"machine\":0,\"protector\":\"\",\"password\":\"1\"}",
	        "{\"v\":1,\"op\":\"enter\",\"machine\":1,\"protector\":\"x\",\"password\":\"1\"}",
	        "{\"v\":1,\"op\":\"enter\",\"machine\":1,\"protector\":\"\",\"password\":\"\"}",
	        "{\"v\":1,\"op\":\"decide\",\"approver\":\"a\",\"passphrase\":\"p\","
	        "\"decision\":\"perhaps\",\"requests\":" REQUESTS ",\"why\":\"\"}",
	        "{\"v\":1,\"op\":\"decide\",\"approver\":\"a\",\"passphrase\":\"p\","
	        "\"decision\":\"deny\",\"requests\":[\"0123\"],\"why\":\"\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct order o = {.is_entry = true};
		struct error err = {0};
		if (order_parse(texts[i], strlen(texts[i]), &o, &err) != -EBADMSG)
			fail_msg("%s was taken", texts[i]);
		assert_true(o.is_entry);
	}
}

static int setup(void **state)
{
	(void)state;
	return secrets_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_release),
	        cmocka_unit_test(test_asks_of_one_session),
	        cmocka_unit_test(test_campaign),
	        cmocka_unit_test(test_orders_in_the_clear_are_roots),
	        cmocka_unit_test(test_what_is_malformed_can_be_answered),
	        cmocka_unit_test(test_inside_a_box),
	        cmocka_unit_test(test_boxes_with_other_things_inside),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
