/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP/1.1 answers (RFC 9112), fed in pieces of any size. Does no I/O. Stricter than the RFC: lines
 * end in CR LF, no folded headers, a body has a Content-Length or is chunked, never both.
 */
#ifndef LINK_HTTP_PARSE_H
#define LINK_HTTP_PARSE_H

#include "fixer/base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_MAX_HEAD (16 * 1024) /* status line, headers, chunk lines and trailers together */
#define HTTP_MAX_LINE 4096

enum http_state {
	HTTP_STATUS,
	HTTP_HEADER,
	HTTP_BODY,
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_END,
	HTTP_TRAILER,
	HTTP_DONE,
};

struct http_parser {
	enum http_state state;
	int status;      /* valid once the state is past HTTP_STATUS */
	bool keep_alive; /* the server will take another request on this connection */
	bool has_length, chunked;
	uint64_t left;    /* bytes left of the body or of the chunk */
	size_t head_left; /* of HTTP_MAX_HEAD */
	size_t line_len;
	char line[HTTP_MAX_LINE];
	struct buffer *body; /* the caller's; its maximum bounds the answer */
	const char *problem; /* after a failure: what is wrong, static text */
};

void http_parser_init(struct http_parser *p, struct buffer *body);

/*
 * Takes up to len bytes and says in *ret_used how many it took; it takes none after the end of the
 * answer. 1 when the answer is complete, 0 when more is needed; -EBADMSG malformed, -EMSGSIZE over
 * a limit, -ENOMEM. Interim answers (1xx) are read over.
 */
int http_parser_feed(struct http_parser *p, const void *data, size_t len, size_t *ret_used);

#endif
