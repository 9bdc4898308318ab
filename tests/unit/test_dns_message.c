/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS messages as init writes and reads them. */
#include "initrd/init/dns_message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char name[] = "netmend.corp.example";
static uint8_t query[DNS_QUERY_MAX];
static size_t query_len;

static int make_query(void **state)
{
	int n = dns_write(0x1234, name, query);

	(void)state;
	query_len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -1;
}

struct message {
	uint8_t data[512];
	size_t len;
};

static struct message answer(uint8_t code)
{
	struct message m = {.len = query_len};

	memcpy(m.data, query, query_len);
	m.data[2] |= 0x80;
	m.data[3] = 0x80 | code;
	return m;
}

static void add(struct message *m, uint8_t type, const void *data, uint8_t len)
{
	const uint8_t head[] = {0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, len};

	memcpy(m->data + m->len, head, sizeof(head));
	memcpy(m->data + m->len + sizeof(head), data, len);
	m->len += sizeof(head) + len;
	m->data[7]++;
}

static int take(const struct message *m, struct in_addr *ret)
{
	return dns_read(query, query_len, m->data, m->len, ret);
}

static void the_question_is_as_the_standard_says(void **state)
{
	static const uint8_t wanted[] =
	        "\x12\x34\1\0\0\1\0\0\0\0\0\0\7netmend\4corp\7example\0\0\1\0\1";

	(void)state;
	assert_int_equal(query_len, sizeof(wanted) - 1);
	assert_memory_equal(query, wanted, query_len);
}

static void what_is_no_host_name_is_not_asked(void **state)
{
	static const char *const names[] = {
	        "", ".", "a..b", ".a", "a.", "a b", "a_b", "a/b", "\xc3\xa4"};
	uint8_t out[DNS_QUERY_MAX];
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(dns_write(1, names[i], out), -EINVAL);
	memset(text, 'a', sizeof(text));
	text[64] = 0;
	assert_int_equal(dns_write(1, text, out), -EINVAL);
	text[64] = 'a';
	for (size_t i = 63; i < 256; i += 64)
		text[i] = '.';
	text[254] = 0;
	assert_int_equal(dns_write(1, text, out), -EINVAL);
	text[253] = 0; /* the longest there is */
	assert_int_equal(dns_write(1, text, out), 12 + 255 + 4);
}

static void the_first_address_is_taken(void **state)
{
	struct message m = answer(0);
	struct in_addr a;

	(void)state;
	add(&m, 5, "\1x\xc0\x0c", 4); /* CNAME */
	add(&m, 28, "0123456789abcdef", 16);
	add(&m, 1, "\x0a\x09\x00\x07", 4);
	add(&m, 1, "\x0a\x09\x00\x08", 4);
	assert_int_equal(take(&m, &a), 0);
	assert_memory_equal(&a, "\x0a\x09\x00\x07", 4);
}

static void no_address_is_said(void **state)
{
	struct message m = answer(0);
	struct in_addr a;

	(void)state;
	assert_int_equal(take(&m, &a), -ENOENT);
	add(&m, 28, "0123456789abcdef", 16);
	assert_int_equal(take(&m, &a), -ENOENT);
	m = answer(3);
	assert_int_equal(take(&m, &a), -ENOENT);
	for (uint8_t code = 1; code < 16; code++) {
		m = answer(code);
		assert_int_equal(take(&m, &a), code == 3 ? -ENOENT : -EAGAIN);
	}
}

static void answers_to_others_are_left(void **state)
{
	struct in_addr a;

	(void)state;
	/* The id, the question's bit, their count, the name, the type. */
	const size_t places[] = {0, 1, 2, 5, 13, query_len - 3};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct message m = answer(0);
		add(&m, 1, "\x0a\x09\x00\x07", 4);
		m.data[places[i]] ^= 0x80;
		assert_int_equal(take(&m, &a), -ENOMSG);
	}
}

static void what_is_cut_short_is_refused(void **state)
{
	struct message m = answer(0);
	struct in_addr a;

	(void)state;
	add(&m, 16, "text", 4);
	add(&m, 1, "\x0a\x09\x00\x07", 4);
	for (size_t len = 0; len < m.len; len++) {
		uint8_t *part = malloc(len + 1); /* so that a sanitizer sees what is read beyond */
		assert_non_null(part);
		memcpy(part, m.data, len);
		assert_int_equal(dns_read(query, query_len, part, len, &a),
		        len < query_len ? -ENOMSG : -EBADMSG);
		free(part);
	}
	assert_int_equal(take(&m, &a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_question_is_as_the_standard_says),
	        cmocka_unit_test(what_is_no_host_name_is_not_asked),
	        cmocka_unit_test(the_first_address_is_taken),
	        cmocka_unit_test(no_address_is_said),
	        cmocka_unit_test(answers_to_others_are_left),
	        cmocka_unit_test(what_is_cut_short_is_refused),
	};
	return cmocka_run_group_tests(tests, make_query, NULL);
}
