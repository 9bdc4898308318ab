/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define PACKED_MAX ((size_t)64 * 1024 * 1024)
#define PIECE      ((size_t)64 * 1024) /* made at once */
/* Deflate without zlib's own frame (RFC 1951): a beginning made elsewhere can stand before it. */
#define RAW_WINDOW (-15)
#define MEMORY     8
#define GZIP_TAIL  8

struct packed {
	unsigned shares;
	struct buffer deflated;
	size_t len;          /* of the text */
	unsigned long crc;   /* of the text */
	z_stream *deflating; /* NULL: ended */
};

/* One answer on its way. */
struct parcel {
	struct packed *packed;
	struct buffer head; /* as it is sent */
	uint8_t tail[GZIP_TAIL];
	size_t sent; /* of what is kept */
	bool gzip, begun, ended;
	z_stream inflating;
};

/* Deflates all of it onto out. flush: Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH. */
static int deflate_onto(z_stream *z, const void *text, size_t len, int flush, struct buffer *out)
{
	uint8_t piece[4096];
	int r = 0;

	z->next_in = (Bytef *)(uintptr_t)text;
	z->avail_in = (uInt)len;
	do {
		z->next_out = piece;
		z->avail_out = sizeof(piece);
		if (deflate(z, flush) == Z_STREAM_ERROR)
			return -EINVAL;
		r = buffer_append(out, piece, sizeof(piece) - z->avail_out);
	} while (r == 0 && z->avail_out == 0);
	return r;
}

struct packed *packed_new(void)
{
	struct packed *p = calloc(1, sizeof(*p));
	z_stream *z = calloc(1, sizeof(*z));

	if (!p || !z ||
	        deflateInit2(z, Z_BEST_SPEED, Z_DEFLATED, RAW_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) !=
	                Z_OK) {
		free(p);
		free(z);
		return NULL;
	}
	p->shares = 1;
	p->deflating = z;
	p->crc = crc32(0, NULL, 0);
	buffer_init(&p->deflated, PACKED_MAX);
	return p;
}

int packed_add(struct packed *p, const void *text, size_t len)
{
	if (len > UINT32_MAX - p->len) /* gzip counts so far */
		return -EMSGSIZE;
	p->crc = crc32(p->crc, text, (uInt)len);
	p->len += len;
	return deflate_onto(p->deflating, text, len, Z_NO_FLUSH, &p->deflated);
}

static void deflating_free(struct packed *p)
{
	if (p->deflating)
		(void)deflateEnd(p->deflating);
	free(p->deflating);
	p->deflating = NULL;
}

int packed_end(struct packed *p)
{
	int r = deflate_onto(p->deflating, "", 0, Z_FINISH, &p->deflated);

	deflating_free(p);
	return r;
}

void packed_drop(struct packed *p)
{
	if (!p || --p->shares > 0)
		return;
	deflating_free(p);
	buffer_free(&p->deflated);
	free(p);
}

static void little_endian(uint8_t *out, unsigned long value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

/* The beginning ends on a byte's border, so that what is kept can follow it. */
static int head_deflate(struct parcel *a, const struct buffer *text)
{
	static const uint8_t frame[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	z_stream z = {0};

	unsigned long crc = crc32(crc32(0, NULL, 0), text->data, (uInt)text->len);
	crc = crc32_combine(crc, a->packed->crc, (z_off_t)a->packed->len);
	little_endian(a->tail, crc);
	little_endian(a->tail + 4, text->len + a->packed->len);
	int r = buffer_append(&a->head, frame, sizeof(frame));
	if (r < 0)
		return r;
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, RAW_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) !=
	        Z_OK)
		return -ENOMEM;
	r = deflate_onto(&z, text->data, text->len, Z_SYNC_FLUSH, &a->head);
	(void)deflateEnd(&z);
	return r;
}

static enum http_fill fill_gzip(struct parcel *a, struct buffer *out)
{
	const struct buffer *kept = &a->packed->deflated;
	size_t left = kept->len - a->sent, len = left < PIECE ? left : PIECE;

	if (left == 0) {
		a->ended = true;
		return buffer_append(out, a->tail, sizeof(a->tail)) < 0 ? HTTP_FILL_BROKEN
		                                                        : HTTP_FILL_MORE;
	}
	if (buffer_append(out, kept->data + a->sent, len) < 0)
		return HTTP_FILL_BROKEN;
	a->sent += len;
	return HTTP_FILL_MORE;
}

static enum http_fill fill_inflated(struct parcel *a, struct buffer *out)
{
	uint8_t *piece = malloc(PIECE);
	z_stream *z = &a->inflating;

	if (!piece)
		return HTTP_FILL_BROKEN;
	z->next_out = piece;
	z->avail_out = (uInt)PIECE;
	int r = inflate(z, Z_NO_FLUSH);
	a->ended = r == Z_STREAM_END;
	if (r == Z_OK || r == Z_STREAM_END)
		r = buffer_append(out, piece, PIECE - z->avail_out);
	free(piece);
	return r < 0 ? HTTP_FILL_BROKEN : HTTP_FILL_MORE;
}

static enum http_fill parcel_fill(void *state, struct buffer *out, bool timeout)
{
	struct parcel *a = state;

	(void)timeout;
	if (a->ended)
		return HTTP_FILL_END;
	if (!a->begun) {
		a->begun = true;
		return buffer_append(out, a->head.data, a->head.len) < 0 ? HTTP_FILL_BROKEN
		                                                         : HTTP_FILL_MORE;
	}
	return a->gzip ? fill_gzip(a, out) : fill_inflated(a, out);
}

static void parcel_end(void *state)
{
	struct parcel *a = state;

	if (!a->gzip)
		(void)inflateEnd(&a->inflating);
	buffer_free(&a->head);
	packed_drop(a->packed);
	free(a);
}

static int parcel_begin(struct parcel *a, const struct buffer *head)
{
	buffer_init(&a->head, PACKED_MAX);
	if (a->gzip)
		return head_deflate(a, head);
	a->inflating.next_in = a->packed->deflated.data;
	a->inflating.avail_in = (uInt)a->packed->deflated.len;
	if (inflateInit2(&a->inflating, RAW_WINDOW) != Z_OK)
		return -ENOMEM;
	return buffer_append(&a->head, head->data, head->len);
}

void packed_reply(
        struct http_request *r, const char *type, const struct buffer *head, struct packed *p)
{
	struct parcel *a = calloc(1, sizeof(*a));

	if (a) {
		a->packed = p;
		a->gzip = http_accepts_gzip(r);
		p->shares++;
	}
	if (!a || parcel_begin(a, head) < 0) {
		if (a)
			parcel_end(a);
		http_reply_error(r, 503, REASON_OUT_OF_MEMORY, "no memory for the answer");
		return;
	}
	const struct http_stream_options options = {.type = type,
	        .encoding = a->gzip ? "gzip" : NULL,
	        .size = a->head.len + (a->gzip ? p->deflated.len + GZIP_TAIL : p->len),
	        .fill = parcel_fill,
	        .end = parcel_end,
	        .state = a};
	http_reply_stream(r, &options);
}
