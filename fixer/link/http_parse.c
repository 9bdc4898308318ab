/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/link/http_parse.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static void start_answer(struct http_parser *p)
{
	p->state = HTTP_STATUS;
	p->status = 0;
	p->keep_alive = true;
	p->has_length = p->chunked = false;
	p->left = 0;
}

void http_parser_init(struct http_parser *p, struct buffer *body)
{
	*p = (struct http_parser){.head_left = HTTP_MAX_HEAD, .body = body};
	start_answer(p);
}

static int bad(struct http_parser *p, int code, const char *problem)
{
	p->problem = problem;
	return code;
}

/* "HTTP/1.1 200 reason phrase"; the phrase may be empty, its blank may not. */
static int status_line(struct http_parser *p)
{
	const char *s = p->line;

	if (strncmp(s, "HTTP/1.", 7) != 0 || (s[7] != '0' && s[7] != '1') || s[8] != ' ')
		return bad(p, -EBADMSG, "not an HTTP/1.1 answer");
	for (int i = 9; i < 12; i++)
		if (!isdigit((unsigned char)s[i]))
			return bad(p, -EBADMSG, "bad status code");
	if (s[12] != ' ')
		return bad(p, -EBADMSG, "bad status line");
	p->status = (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
	if (p->status < 100 || p->status > 599 || p->status == 101)
		return bad(p, -EBADMSG, "bad status code");
	p->keep_alive = s[7] == '1';
	p->state = HTTP_HEADER;
	return 0;
}

/* Digits of the base and nothing else; -EBADMSG otherwise or over 2^60. */
static int parse_number(const char *text, int base, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = 0;

	if (!*text)
		return -EBADMSG;
	for (; *text; text++) {
		const char *digit = strchr(digits, tolower((unsigned char)*text));
		if (!digit || digit - digits >= base || value >> 56)
			return -EBADMSG;
		value = value * (uint64_t)base + (uint64_t)(digit - digits);
	}
	*ret = value;
	return 0;
}

static int content_length(struct http_parser *p, const char *value)
{
	if (p->has_length || p->chunked || parse_number(value, 10, &p->left) < 0)
		return bad(p, -EBADMSG, "bad Content-Length");
	p->has_length = true;
	if (p->left > p->body->max)
		return bad(p, -EMSGSIZE, "answer larger than allowed");
	return 0;
}

static int transfer_encoding(struct http_parser *p, const char *value)
{
	if (p->has_length || p->chunked || strcasecmp(value, "chunked") != 0)
		return bad(p, -EBADMSG, "bad Transfer-Encoding");
	p->chunked = true;
	return 0;
}

/* After the blank line: what kind of body follows. */
static int head_end(struct http_parser *p)
{
	if (p->status < 200) {
		start_answer(p);
		return 0;
	}
	if (p->chunked)
		p->state = HTTP_CHUNK_SIZE;
	else if (p->has_length)
		p->state = p->left ? HTTP_BODY : HTTP_DONE;
	else if (p->status == 204)
		p->state = HTTP_DONE;
	else
		return bad(p, -EBADMSG, "answer without a length");
	return 0;
}

static bool is_token(const char *name)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	const char *s = name;

	while (*s && (isalnum((unsigned char)*s) || strchr(marks, *s)))
		s++;
	return s > name && !*s;
}

static int header_line(struct http_parser *p)
{
	if (p->line_len == 0)
		return head_end(p);
	char *name = p->line, *value = strchr(name, ':');
	if (!value)
		return bad(p, -EBADMSG, "header without a colon");
	*value++ = 0;
	if (!is_token(name))
		return bad(p, -EBADMSG, "bad header name");
	value += strspn(value, " \t");
	size_t len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		value[--len] = 0;
	if (strcasecmp(name, "Content-Length") == 0)
		return content_length(p, value);
	if (strcasecmp(name, "Transfer-Encoding") == 0)
		return transfer_encoding(p, value);
	if (strcasecmp(name, "Connection") == 0 && strcasecmp(value, "close") == 0)
		p->keep_alive = false;
	return 0;
}

/* Size in hex; extensions after ';' are read over. */
static int chunk_size_line(struct http_parser *p)
{
	p->line[strcspn(p->line, "; \t")] = 0;
	if (parse_number(p->line, 16, &p->left) < 0)
		return bad(p, -EBADMSG, "bad chunk size");
	p->state = p->left ? HTTP_CHUNK_DATA : HTTP_TRAILER;
	return 0;
}

static int whole_line(struct http_parser *p)
{
	switch (p->state) {
	case HTTP_STATUS:
		return status_line(p);
	case HTTP_HEADER:
		return header_line(p);
	case HTTP_CHUNK_SIZE:
		return chunk_size_line(p);
	case HTTP_CHUNK_END:
		if (p->line_len != 0)
			return bad(p, -EBADMSG, "chunk longer than announced");
		p->state = HTTP_CHUNK_SIZE;
		return 0;
	case HTTP_TRAILER:
		if (p->line_len == 0)
			p->state = HTTP_DONE;
		return 0;
	case HTTP_BODY:
	case HTTP_CHUNK_DATA:
	case HTTP_DONE:
		break;
	}
	return bad(p, -EBADMSG, "line out of place");
}

/* Adds one byte to the line; a whole line is handed on without its CR LF. */
static int feed_line(struct http_parser *p, uint8_t byte)
{
	if (p->head_left == 0 || p->line_len == sizeof(p->line) - 1)
		return bad(p, -EMSGSIZE, "head of the answer larger than allowed");
	p->head_left--;
	bool after_cr = p->line_len > 0 && p->line[p->line_len - 1] == '\r';
	if (byte != '\n') {
		if (after_cr || (byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7f)
			return bad(p, -EBADMSG, "control character in the head of the answer");
		p->line[p->line_len++] = (char)byte;
		return 0;
	}
	if (!after_cr)
		return bad(p, -EBADMSG, "line feed without carriage return");
	p->line[--p->line_len] = 0;
	int r = whole_line(p);
	p->line_len = 0;
	return r;
}

static int feed_body(struct http_parser *p, const uint8_t *data, size_t len, size_t *ret_used)
{
	size_t n = p->left < len ? (size_t)p->left : len;
	int r = buffer_append(p->body, data, n);

	if (r == -EMSGSIZE)
		return bad(p, r, "answer larger than allowed");
	if (r < 0)
		return bad(p, r, "out of memory");
	p->left -= n;
	*ret_used = n;
	if (p->left == 0)
		p->state = p->state == HTTP_BODY ? HTTP_DONE : HTTP_CHUNK_END;
	return 0;
}

int http_parser_feed(struct http_parser *p, const void *data, size_t len, size_t *ret_used)
{
	const uint8_t *bytes = data;
	size_t used = 0;
	int r = 0;

	while (r == 0 && used < len && p->state != HTTP_DONE) {
		size_t taken = 1;
		if (p->state == HTTP_BODY || p->state == HTTP_CHUNK_DATA)
			r = feed_body(p, bytes + used, len - used, &taken);
		else
			r = feed_line(p, bytes[used]);
		used += taken;
	}
	*ret_used = used;
	return r < 0 ? r : p->state == HTTP_DONE;
}
