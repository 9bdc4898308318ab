/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/dns_message.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* RFC 1035, 4.1.1: bytes of the header. */
enum { AT_ID = 0, AT_FLAGS = 2, AT_CODE = 3, AT_QUESTIONS = 4, AT_ANSWERS = 6, HEADER = 12 };
enum { RESPONSE = 0x80, WANT_RECURSION = 0x01, CODE_MASK = 0x0f };
enum { NO_ERROR = 0, NO_SUCH_NAME = 3 };
enum { TYPE_A = 1, CLASS_IN = 1 };
#define LABEL_MAX   63
#define POINTER     0xc0
#define RECORD_HEAD 10 /* type, class, time to live, length */

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

int dns_write(uint16_t id, const char *name, uint8_t ret[DNS_QUERY_MAX])
{
	uint8_t *at = ret + HEADER;
	size_t left = strlen(name);

	if (left == 0 || left >= DNS_NAME_TEXT)
		return -EINVAL;
	memset(ret, 0, HEADER);
	ret[AT_ID] = (uint8_t)(id >> 8);
	ret[AT_ID + 1] = (uint8_t)id;
	ret[AT_FLAGS] = WANT_RECURSION;
	ret[AT_QUESTIONS + 1] = 1;
	for (const char *label = name;;) {
		size_t n = strcspn(label, ".");
		if (n == 0 || n > LABEL_MAX)
			return -EINVAL;
		*at++ = (uint8_t)n;
		for (size_t i = 0; i < n; i++) {
			if (!is_host_char(label[i]))
				return -EINVAL;
			*at++ = (uint8_t)label[i];
		}
		if (!label[n])
			break;
		label += n + 1;
	}
	memcpy(at, (uint8_t[]){0, 0, TYPE_A, 0, CLASS_IN}, 5);
	return (int)(at + 5 - ret);
}

/* Behind the name that begins at i; 0: it goes beyond the end. Names are not compared: the server
 * was asked one question, and follows aliases itself. */
static size_t skip_name(const uint8_t *data, size_t len, size_t i)
{
	while (i < len) {
		if (data[i] == 0)
			return i + 1;
		if ((data[i] & POINTER) == POINTER)
			return len - i >= 2 ? i + 2 : 0;
		if (data[i] > LABEL_MAX || len - i - 1 < data[i])
			return 0;
		i += 1u + data[i];
	}
	return 0;
}

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static int find_address(
        const uint8_t *data, size_t len, size_t i, unsigned answers, struct in_addr *ret)
{
	for (unsigned n = 0; n < answers; n++) {
		i = skip_name(data, len, i);
		if (i == 0 || len - i < RECORD_HEAD)
			return -EBADMSG;
		const uint8_t *record = data + i;
		unsigned size = be16(record + 8);
		i += RECORD_HEAD;
		if (len - i < size)
			return -EBADMSG;
		if (be16(record) == TYPE_A && be16(record + 2) == CLASS_IN && size == 4) {
			memcpy(ret, data + i, 4);
			return 0;
		}
		i += size;
	}
	return -ENOENT;
}

int dns_read(const uint8_t *query, size_t query_len, const uint8_t *data, size_t len,
        struct in_addr *ret)
{
	if (len < query_len || memcmp(data + AT_ID, query + AT_ID, 2) != 0 ||
	        !(data[AT_FLAGS] & RESPONSE) || be16(data + AT_QUESTIONS) != 1 ||
	        memcmp(data + HEADER, query + HEADER, query_len - HEADER) != 0)
		return -ENOMSG;
	switch (data[AT_CODE] & CODE_MASK) {
	case NO_ERROR:
		return find_address(data, len, query_len, be16(data + AT_ANSWERS), ret);
	case NO_SUCH_NAME:
		return -ENOENT;
	default:
		return -EAGAIN;
	}
}
