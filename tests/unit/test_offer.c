/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question preflight asks for a network boot, and what it reads of the answers. */
#include "appliance/preflight/offer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct asker who = {
        .mac = {0x0a, 0x54, 0x00, 0x12, 0x34, 0x56}, .xid = 0x01020304, .architecture = 7};

struct message {
	uint8_t data[900];
	size_t len;
};

static void add(struct message *m, uint8_t code, const char *text, uint8_t len)
{
	(void)dhcp_put_option(m->data + m->len, code, text, len);
	m->len += 2u + len;
}

static struct message offer(void)
{
	struct message m = {.data = {DHCP_OP_REPLY, 1, 6}, .len = DHCP_AT_OPTIONS};

	memcpy(m.data + DHCP_AT_XID, &who.xid, 4);
	memcpy(m.data + DHCP_AT_CHADDR, who.mac, 6);
	memcpy(m.data + DHCP_AT_YIADDR, (uint8_t[]){10, 9, 0, 50}, 4);
	memcpy(m.data + DHCP_AT_SIADDR, (uint8_t[]){10, 9, 0, 7}, 4);
	memcpy(m.data + DHCP_AT_COOKIE, dhcp_cookie, 4);
	add(&m, DHCP_OPTION_TYPE, "\2", 1);
	add(&m, DHCP_OPTION_SERVER, "\x0a\x09\0\1", 4);
	return m;
}

static int take(const struct message *m, struct offer *ret)
{
	return offer_read(&who, m->data, m->len, ret);
}

static void expect_ip(struct in_addr got, const char *want)
{
	char text[INET_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &got, text, sizeof(text)), want);
}

static void the_fields_of_a_boot_are_read(void **state)
{
	struct message m = offer();
	struct offer o;

	(void)state;
	memcpy(m.data + DHCP_AT_FILE, "boot\\x64\n", 10);
	memset(m.data + DHCP_AT_SNAME, 'w', DHCP_SNAME_LEN); /* not terminated */
	add(&m, DHCP_OPTION_BOOT_SERVER, "wds", 3);
	add(&m, DHCP_OPTION_BOOT_FILE, "file\0x", 6);
	add(&m, DHCP_OPTION_VENDOR, "PXEClient", 9);
	assert_int_equal(take(&m, &o), 0);
	expect_ip(o.address, "10.9.0.50");
	expect_ip(o.next, "10.9.0.7");
	expect_ip(offer_who(&o), "10.9.0.1");
	assert_string_equal(o.file, "boot\\x64?");
	assert_int_equal(strlen(o.name), DHCP_SNAME_LEN);
	assert_string_equal(o.option66, "wds");
	assert_string_equal(o.option67, "file");
	assert_true(o.boot);
	assert_int_equal(o.architecture, 7);
}

static void fields_that_hold_options_are_no_names(void **state)
{
	struct message m = offer();
	struct offer o;

	(void)state;
	add(&m, DHCP_OPTION_OVERLOAD, "\3", 1);
	memcpy(m.data + DHCP_AT_FILE, "\x43\1a\xff", 4);
	memcpy(m.data + DHCP_AT_SNAME, "\x42\1b\xff", 4);
	assert_int_equal(take(&m, &o), 0);
	assert_string_equal(o.file, "");
	assert_string_equal(o.name, "");
	assert_string_equal(o.option67, "a");
	assert_string_equal(o.option66, "b");
	assert_false(o.boot);
}

static void a_server_without_a_name_is_where_it_came_from(void **state)
{
	struct offer o = {.from.s_addr = htonl(0x0a090009)};

	(void)state;
	expect_ip(offer_who(&o), "10.9.0.9");
}

static void others_answers_are_passed_over(void **state)
{
	struct message m = offer();
	struct offer o;

	(void)state;
	m.data[DHCP_AT_XID]++;
	assert_int_equal(take(&m, &o), -ENOMSG);
	m = offer();
	m.data[DHCP_AT_CHADDR]++;
	assert_int_equal(take(&m, &o), -ENOMSG);
	m = offer();
	m.data[DHCP_AT_OPTIONS + 2] = DHCP_ACK;
	assert_int_equal(take(&m, &o), -ENOMSG);
	m = offer();
	m.data[DHCP_AT_OP] = DHCP_OP_REQUEST;
	assert_int_equal(take(&m, &o), -ENOMSG);
}

static void what_is_cut_or_torn_is_refused(void **state)
{
	struct message m = offer();
	struct offer o;

	(void)state;
	for (size_t len = 0; len < DHCP_AT_OPTIONS; len++)
		assert_int_equal(offer_read(&who, m.data, len, &o), -EBADMSG);
	/* Within each of the two options. */
	for (size_t cut = 1; cut < 6; cut++)
		assert_int_equal(offer_read(&who, m.data, m.len - cut, &o), -EBADMSG);
	m.data[DHCP_AT_COOKIE]++;
	assert_int_equal(take(&m, &o), -EBADMSG);
	m = offer();
	add(&m, DHCP_OPTION_SERVER, "\1\2\3", 3);
	assert_int_equal(take(&m, &o), -EBADMSG);
	m = offer();
	add(&m, DHCP_OPTION_OVERLOAD, "\4", 1);
	assert_int_equal(take(&m, &o), -EBADMSG);
}

struct seen {
	uint8_t type;
	uint16_t architecture;
	char vendor[40];
	bool asks_address;
};

static int see(uint8_t code, const uint8_t *data, size_t len, void *context)
{
	struct seen *s = context;

	if (code == DHCP_OPTION_TYPE)
		s->type = data[0];
	if (code == DHCP_OPTION_ARCHITECTURE && len == 2)
		s->architecture = (uint16_t)(data[0] << 8 | data[1]);
	if (code == DHCP_OPTION_VENDOR && len < sizeof(s->vendor))
		memcpy(s->vendor, data, len);
	s->asks_address = s->asks_address || code == DHCP_OPTION_ADDRESS;
	return 0;
}

static void the_question_takes_no_lease(void **state)
{
	uint8_t message[DISCOVER_LEN];
	struct seen seen = {0};
	uint8_t overload;

	(void)state;
	offer_ask(&who, 3, message);
	assert_int_equal(dhcp_each_option(message, sizeof(message), see, &seen, &overload), 0);
	assert_int_equal(seen.type, DHCP_DISCOVER);
	assert_int_equal(seen.architecture, 7);
	assert_string_equal(seen.vendor, "PXEClient:Arch:00007:UNDI:003016");
	assert_false(seen.asks_address);
	assert_int_equal(message[DHCP_AT_FLAGS], 0x80);
	assert_memory_equal(message + DHCP_AT_CHADDR, who.mac, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_fields_of_a_boot_are_read),
	        cmocka_unit_test(fields_that_hold_options_are_no_names),
	        cmocka_unit_test(a_server_without_a_name_is_where_it_came_from),
	        cmocka_unit_test(others_answers_are_passed_over),
	        cmocka_unit_test(what_is_cut_or_torn_is_refused),
	        cmocka_unit_test(the_question_takes_no_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
