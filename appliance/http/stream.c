/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/private.h"

#include <stdlib.h>
#include <string.h>

/* What one turn of fill() may make. */
#define STREAM_BUFFER ((size_t)1024 * 1024)
/* What the library sends at once: little of what trickles, a TLS record of what is as long as said.
 */
#define BLOCK       ((size_t)4096)
#define BLOCK_SIZED ((size_t)16384)

struct stream {
	struct http_private *p;
	struct http_stream_options options;
	struct buffer out;
	size_t sent; /* of out */
	struct http_waiter waiter;
};

/* libmicrohttpd asks for more bytes; with nothing to say the connection sleeps until it is woken.
 */
static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream *s = cls;

	(void)pos;
	if (s->sent == s->out.len) {
		buffer_reset(&s->out);
		s->sent = 0;
		int64_t now = http_clock();
		bool timeout = s->waiter.until != 0 && now >= s->waiter.until;
		enum http_fill filled = s->options.fill(s->options.state, &s->out, timeout);
		if (filled != HTTP_FILL_MORE)
			return filled == HTTP_FILL_END ? MHD_CONTENT_READER_END_OF_STREAM
			                               : MHD_CONTENT_READER_END_WITH_ERROR;
		if (s->out.len == 0) {
			int64_t until =
			        s->waiter.until > now ? s->waiter.until : now + s->options.idle_ms;
			waiter_add(s->p->server, &s->waiter, s->options.key, until);
			return 0;
		}
		s->waiter.until = now + s->options.idle_ms;
	}
	size_t n = s->out.len - s->sent;
	n = n < max ? n : max;
	memcpy(buf, s->out.data + s->sent, n);
	s->sent += n;
	return (ssize_t)n;
}

static void stream_end(void *cls)
{
	struct stream *s = cls;

	waiter_remove(&s->waiter);
	s->options.end(s->options.state);
	buffer_free(&s->out);
	free(s);
}

void http_reply_stream(struct http_request *r, const struct http_stream_options *options)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct MHD_Response *response = NULL;

	if (s) {
		s->p = r->private;
		s->options = *options;
		s->waiter.connection = r->private->connection;
		buffer_init(&s->out, STREAM_BUFFER);
		response = MHD_create_response_from_callback(
		        options->size ? options->size : MHD_SIZE_UNKNOWN,
		        options->size ? BLOCK_SIZED : BLOCK, stream_read, s, stream_end);
	}
	if (!response) {
		options->end(options->state);
		free(s);
		http_reply_error(r, 503, REASON_OUT_OF_MEMORY, "no memory for a stream");
		return;
	}
	reply_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (options->encoding)
		reply_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, options->encoding);
	reply_word(r, 200, options->type, response);
}
