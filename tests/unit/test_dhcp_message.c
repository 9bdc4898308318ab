/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DHCP messages as init writes and reads them. */
#include "initrd/init/dhcp_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct dhcp_client client = {
        .mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}, .xid = 0x01020304};

struct message {
	uint8_t data[600];
	size_t len;
};

/* An OFFER of 10.9.0.50 without options but its type and server. */
static struct message offer(void)
{
	static const uint8_t options[] = {99, 130, 83, 99, 53, 1, DHCP_OFFER, 54, 4, 10, 9, 0, 1};
	struct message m = {.data = {2, 1, 6}, .len = 236 + sizeof(options)};

	memcpy(m.data + 4, &client.xid, 4);
	memcpy(m.data + 16, (uint8_t[]){10, 9, 0, 50}, 4);
	memcpy(m.data + 20, (uint8_t[]){10, 9, 0, 7}, 4);
	memcpy(m.data + 28, client.mac, 6);
	memcpy(m.data + 236, options, sizeof(options));
	return m;
}

static void add(struct message *m, uint8_t code, const void *data, uint8_t len)
{
	m->data[m->len++] = code;
	m->data[m->len++] = len;
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

static int take(const struct message *m, struct dhcp_answer *ret)
{
	return dhcp_read(&client, m->data, m->len, ret);
}

static void expect_ip(struct in_addr got, const char *want)
{
	char text[INET_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &got, text, sizeof(text)), want);
}

static void an_offer_is_read(void **state)
{
	static const uint8_t mask[] = {255, 255, 240, 0}, routers[] = {10, 9, 0, 1, 10, 9, 0, 2};
	static const char vendor[] = "\x07\x02xx\x01\x12https://10.9.0.7:1";
	struct message m = offer();
	struct dhcp_answer a;

	(void)state;
	m.data[m.len++] = 0; /* padding */
	add(&m, 1, mask, 4);
	add(&m, 3, routers, 8);
	add(&m, 43, vendor, sizeof(vendor) - 1);
	add(&m, 255, "", 0);
	assert_int_equal(take(&m, &a), 0);
	assert_int_equal(a.type, DHCP_OFFER);
	expect_ip(a.address, "10.9.0.50");
	expect_ip(a.server, "10.9.0.1");
	expect_ip(a.gateway, "10.9.0.1");
	expect_ip(a.next, "10.9.0.7");
	assert_int_equal(dhcp_prefix(&a), 20);
	assert_string_equal(a.url, "https://10.9.0.7:1");
	/* Without a mask it is that of the address's class. */
	m = offer();
	assert_int_equal(take(&m, &a), 0);
	assert_int_equal(dhcp_prefix(&a), 8);
	assert_string_equal(a.url, "");
}

/* Options may go on in the fields of file and server name. */
static void overloaded_fields_are_read(void **state)
{
	static const uint8_t both = 3;
	struct message m = offer();
	struct dhcp_answer a;

	(void)state;
	memcpy(m.data + 108, (uint8_t[]){3, 4, 10, 9, 0, 9, 255}, 7);
	memcpy(m.data + 44, (uint8_t[]){1, 4, 255, 255, 255, 0, 255}, 7);
	add(&m, 52, &both, 1);
	assert_int_equal(take(&m, &a), 0);
	expect_ip(a.gateway, "10.9.0.9");
	assert_int_equal(dhcp_prefix(&a), 24);
}

static void what_is_not_for_us_is_left(void **state)
{
	struct message m = offer();
	struct dhcp_answer a;

	(void)state;
	m.data[7] ^= 1;
	assert_int_equal(take(&m, &a), -ENOMSG);
	m = offer();
	m.data[33] ^= 1;
	assert_int_equal(take(&m, &a), -ENOMSG);
	m = offer();
	m.data[0] = 1;
	assert_int_equal(take(&m, &a), -EBADMSG);
}

static void what_is_damaged_is_refused(void **state)
{
	static const struct {
		uint8_t code, len, data[4];
	} options[] = {{1, 4, {255, 0, 255, 0}}, {1, 3, {255, 255, 255}}, {3, 3, {10, 9, 0}},
	        {53, 2, {2, 2}}, {53, 1, {9}}, {54, 4, {0}}, {52, 1, {4}}};
	struct message m;
	struct dhcp_answer a = {.url = "kept"};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		m = offer();
		add(&m, options[i].code, options[i].data, options[i].len);
		assert_int_equal(take(&m, &a), -EBADMSG);
	}
	static const uint8_t bad[][4] = {{0, 0, 0, 0}, {127, 0, 0, 1}, {224, 0, 0, 1}};
	for (size_t i = 0; i < 3; i++) {
		m = offer();
		memcpy(m.data + 16, bad[i], 4);
		assert_int_equal(take(&m, &a), -EBADMSG);
	}
	/* Cut at each place: never more than what is there. */
	m = offer();
	for (size_t len = 0; len < 243; len++)
		assert_true(dhcp_read(&client, m.data, len, &a) < 0);
	assert_string_equal(a.url, "kept");
}

/* A URL goes onto a command line: what is no word there is none. */
static void no_url_ends_its_word(void **state)
{
	static const char *const bad[] = {"\x01\x05"
	                                  "a b\tc",
	        "\x01\x02\nx", "\x01\x40short", "\x01"};
	struct dhcp_answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct message m = offer();
		add(&m, 43, bad[i], (uint8_t)strlen(bad[i]));
		assert_int_equal(take(&m, &a), 0);
		assert_string_equal(a.url, "");
	}
}

static void requests_are_what_servers_take(void **state)
{
	uint8_t out[DHCP_REQUEST_LEN];
	struct dhcp_answer a;
	struct message m = offer();

	(void)state;
	assert_int_equal(take(&m, &a), 0);
	dhcp_write(&client, 5, &a, out);
	static const uint8_t head[] = {1, 1, 6, 0};
	assert_memory_equal(out, head, 4);
	assert_int_equal(out[9], 5);
	assert_int_equal(out[10], 0x80);
	assert_memory_equal(out + 28, client.mac, 6);
	static const uint8_t options[] = {99, 130, 83, 99, 53, 1, DHCP_REQUEST, 61, 7, 1, 0x52,
	        0x54, 0, 0x12, 0x34, 0x56, 50, 4, 10, 9, 0, 50, 54, 4, 10, 9, 0, 1};
	assert_memory_equal(out + 236, options, sizeof(options));
	dhcp_write(&client, 0, NULL, out);
	assert_int_equal(out[242], DHCP_DISCOVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_offer_is_read),
	        cmocka_unit_test(overloaded_fields_are_read),
	        cmocka_unit_test(what_is_not_for_us_is_left),
	        cmocka_unit_test(what_is_damaged_is_refused),
	        cmocka_unit_test(no_url_ends_its_word),
	        cmocka_unit_test(requests_are_what_servers_take),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
