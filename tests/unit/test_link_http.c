/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answer parser: what it takes, what it refuses, and that the size of the pieces is irrelevant.
 */
#include "fixer/link/http_parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MAX_BODY 64
#define OK       "HTTP/1.1 200 OK\r\n"
#define LINES(x) x "\r\n"

struct vector {
	const char *name, *text;
	int result; /* of the last feed; 1 complete, 0 wants more */
	int status;
	const char *body;
	bool keep_alive;
};

static const struct vector vectors[] = {
        {"length", OK "Content-Length: 5\r\n\r\nhello", 1, 200, "hello", true},
        {"empty body", OK "content-length:0\r\n\r\n", 1, 200, "", true},
        {"blanks around the value", OK "Content-Length: \t 2 \r\n\r\nok", 1, 200, "ok", true},
        {"close", OK "Connection: close\r\nContent-Length: 2\r\n\r\nok", 1, 200, "ok", false},
        {"HTTP/1.0", "HTTP/1.0 404 \r\nContent-Length: 1\r\n\r\nx", 1, 404, "x", false},
        {"204", "HTTP/1.1 204 No Content\r\n\r\n", 1, 204, "", true},
        {"interim", "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", 1, 200, "x",
                true},
        {"chunked", OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 1, 200,
                "abcde", true},
        {"chunk extension and trailer",
                OK "Transfer-Encoding: Chunked\r\n\r\nA;x=1\r\n0123456789\r\n0\r\nX: y\r\n\r\n", 1,
                200, "0123456789", true},
        {"wants the rest of the body", OK "Content-Length: 5\r\n\r\nhel", 0, 200, "hel", true},
        {"wants the last chunk", OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0, 200, "abc",
                true},

        {"not HTTP", LINES("SSH-2.0-OpenSSH"), -EBADMSG, 0, "", true},
        {"HTTP/2", LINES("HTTP/2 200 OK"), -EBADMSG, 0, "", true},
        {"short status", LINES("HTTP/1.1 20"), -EBADMSG, 0, "", true},
        {"long status", LINES("HTTP/1.1 2000 x"), -EBADMSG, 0, "", true},
        {"status 999", LINES("HTTP/1.1 999 x"), -EBADMSG, 0, "", true},
        {"upgrade", LINES("HTTP/1.1 101 x"), -EBADMSG, 0, "", true},
        {"bare line feed", "HTTP/1.1 200 OK\n", -EBADMSG, 0, "", true},
        {"bare carriage return", "HTTP/1.1 200 O\rK\r\n", -EBADMSG, 0, "", true},
        {"no length", OK "\r\n", -EBADMSG, 0, "", true},
        {"folded header", OK "X: a\r\n b\r\n", -EBADMSG, 0, "", true},
        {"blank before the colon", OK "Content-Length : 1\r\n", -EBADMSG, 0, "", true},
        {"no colon", OK "Content-Length\r\n", -EBADMSG, 0, "", true},
        {"control character", OK "X: a\001b\r\n", -EBADMSG, 0, "", true},
        {"two lengths", OK "Content-Length: 1\r\nContent-Length: 1\r\n", -EBADMSG, 0, "", true},
        {"length and chunked", OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", -EBADMSG,
                0, "", true},
        {"chunked and length", OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", -EBADMSG,
                0, "", true},
        {"negative length", OK "Content-Length: -1\r\n", -EBADMSG, 0, "", true},
        {"signed length", OK "Content-Length: +1\r\n", -EBADMSG, 0, "", true},
        {"hex length", OK "Content-Length: 0x1\r\n", -EBADMSG, 0, "", true},
        {"no digits", OK "Content-Length:\r\n", -EBADMSG, 0, "", true},
        {"length over 64 bit", OK "Content-Length: 18446744073709551617\r\n", -EBADMSG, 0, "",
                true},
        {"gzip", OK "Transfer-Encoding: gzip, chunked\r\n", -EBADMSG, 0, "", true},
        {"length over the limit", OK "Content-Length: 65\r\n", -EMSGSIZE, 0, "", true},
        {"chunk over the limit",
                OK "Transfer-Encoding: chunked\r\n\r\n"
                   "41\r\n01234567890123456789012345678901234567890123456789012345678901234\r\n",
                -EMSGSIZE, 0, "", true},
        {"no chunk size", OK "Transfer-Encoding: chunked\r\n\r\n\r\n", -EBADMSG, 0, "", true},
        {"chunk size not hex", OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", -EBADMSG, 0, "",
                true},
        {"chunk size over 64 bit", OK "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\n",
                -EBADMSG, 0, "", true},
        {"chunk longer than it says", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", -EBADMSG,
                0, "", true},
};

/* Feeds text in pieces of step bytes. */
static int feed(struct http_parser *p, const char *text, size_t len, size_t step)
{
	int r = 0;

	for (size_t at = 0; at < len && r == 0;) {
		size_t piece = len - at < step ? len - at : step, used = 0;
		r = http_parser_feed(p, text + at, piece, &used);
		assert_true(used <= piece);
		at += used;
	}
	return r;
}

static void check_vector(const struct vector *v, size_t step)
{
	struct buffer body;
	struct http_parser p;

	buffer_init(&body, MAX_BODY);
	http_parser_init(&p, &body);
	int r = feed(&p, v->text, strlen(v->text), step);
	if (r != v->result)
		fail_msg("%s, pieces of %zu: %d instead of %d", v->name, step, r, v->result);
	if (r >= 0) {
		assert_int_equal(p.status, v->status);
		assert_int_equal(body.len, strlen(v->body));
		assert_memory_equal(body.len ? body.data : (const void *)"", v->body, body.len);
		assert_int_equal(p.keep_alive, v->keep_alive);
	} else {
		assert_non_null(p.problem);
	}
	buffer_free(&body);
}

static void test_vectors(void **state)
{
	static const size_t steps[] = {1, 2, 3, 7, 4096};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++)
			check_vector(&vectors[i], steps[s]);
}

/* What follows the answer is left for the caller to see. */
static void test_stops_at_end(void **state)
{
	static const char text[] = OK "Content-Length: 2\r\n\r\nokHTTP/1.1 200";
	struct buffer body;
	struct http_parser p;
	size_t used = 0;

	(void)state;
	buffer_init(&body, MAX_BODY);
	http_parser_init(&p, &body);
	assert_int_equal(http_parser_feed(&p, text, sizeof(text) - 1, &used), 1);
	assert_int_equal(used, sizeof(text) - 1 - strlen("HTTP/1.1 200"));
	assert_int_equal(http_parser_feed(&p, text, 1, &used), 1);
	assert_int_equal(used, 0);
	buffer_free(&body);
}

/* A server that never ends its head, its interim answers or its chunk lines. */
static void test_endless_head(void **state)
{
	static const char *const heads[] = {OK, "", OK "Transfer-Encoding: chunked\r\n\r\n0\r\n"};
	static const char *const rest[] = {"X: y\r\n", "HTTP/1.1 100 C\r\n\r\n", "X: y\r\n"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct buffer body;
		struct http_parser p;
		size_t fed = 0;
		buffer_init(&body, MAX_BODY);
		http_parser_init(&p, &body);
		int r = feed(&p, heads[i], strlen(heads[i]), 4096);
		while (r == 0 && fed < 2 * HTTP_MAX_HEAD) {
			r = feed(&p, rest[i], strlen(rest[i]), 4096);
			fed += strlen(rest[i]);
		}
		assert_int_equal(r, -EMSGSIZE);
		buffer_free(&body);
	}
}

static void test_long_line(void **state)
{
	static char line[HTTP_MAX_LINE + 16];
	struct buffer body;
	struct http_parser p;

	(void)state;
	memset(line, 'a', sizeof(line));
	buffer_init(&body, MAX_BODY);
	http_parser_init(&p, &body);
	assert_int_equal(feed(&p, line, sizeof(line), 100), -EMSGSIZE);
	buffer_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vectors),
	        cmocka_unit_test(test_stops_at_end),
	        cmocka_unit_test(test_endless_head),
	        cmocka_unit_test(test_long_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
