/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP for one thread: libmicrohttpd behind routes, requests and replies. A handler either replies
 * before it returns, or suspends the request and is called again when it is woken or its time is
 * up. A waiting request costs memory, never a thread.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;

#define HTTP_CAPTURES    2
#define HTTP_CAPTURE_MAX 96

struct http_request {
	/* For handlers to read. */
	const char *method; /* "GET" also for HEAD */
	bool head;          /* of the reply, only the headers go out */
	const char *path;
	char address[16];                              /* the client's IPv4 */
	char capture[HTTP_CAPTURES][HTTP_CAPTURE_MAX]; /* what stood for each {} of the pattern */
	const char *body; /* with a NUL after it; empty when there was none */
	size_t body_len;
	bool dropped;   /* admit() said no, and there is no body: who would take it now, as what
	                 * admit() asked answers again, has it sent once more */
	bool too_large; /* the body was over the route's limit and is not here */
	int file;       /* BODY_FILE: the received bytes, O_TMPFILE or -1 (refused or failed) */
	int file_error; /* BODY_FILE: negative errno when receiving failed */
	uint64_t file_size;
	char file_sha256[65];
	/* For handlers to keep between two calls of one request; freed with free(), or with
	 * state_free when that is set. */
	void *state;
	void (*state_free)(void *state);
	/* Of http/ alone. */
	struct http_private *private;
};

enum http_body { BODY_NONE, BODY_MEMORY, BODY_FILE };

#define HTTP_COOKIE_MAX     160
#define HTTP_FILE_NAME_MAX  120
#define HTTP_STYLE_HASH_MAX 64 /* "sha256-" and base64 */

struct http_route {
	const char *method;  /* "GET" serves HEAD too */
	const char *pattern; /* "/v1/sessions/{}/events"; {} is one path segment */
	enum http_body body;
	size_t max_body;
	/* NULL, or asked before the first byte of a body is stored; false: the body is read and
	 * dropped, and the handler has none. */
	bool (*admit)(struct http_request *r, void *context);
	void (*handler)(struct http_request *r, void *context);
};

struct http_options {
	int listen_fd;                  /* bound and listening; borrowed */
	const char *cert_pem, *key_pem; /* texts; NULL: plain HTTP */
	const char *spool; /* directory for BODY_FILE bodies; NULL when no route has one */
	const struct http_route *routes;
	size_t route_count;
	void *context; /* for the handlers */
	/* NULL, or asked before an answer goes out that was made by a handler (files apart): true
	 * keeps it back until http_settled(). */
	bool (*hold)(void *context);
	unsigned connections; /* at most; a quarter of them of one address */
};

/* Ignores SIGPIPE in the whole process. err: CANNOT_OPEN. */
int http_new(const struct http_options *options, struct http_server **ret, struct error *err);
void http_free(struct http_server *h); /* ends every connection */

/* For the caller's event loop: the descriptor is readable when there is work; http_run() does it.
 * http_timeout(): ms until http_run() must be called anyway, -1: never. */
int http_fd(const struct http_server *h);
int http_timeout(const struct http_server *h);
void http_run(struct http_server *h);

/* Connections open now. */
unsigned http_connections(const struct http_server *h);
/* Calls each() for what was answered so far: route (NULL: none fitted) and hundreds of the status,
 * 1 to 5. */
void http_answers(const struct http_server *h,
        void (*each)(const struct http_route *route, int hundreds, uint64_t count, void *context),
        void *context);

/* Milliseconds of a clock that only goes forward; what the times of this header are of. */
int64_t http_clock(void);

/* ---- waiting ---- */

/* From a handler, instead of a reply: call it again at `until`, or when somebody wakes this key. */
void http_suspend(struct http_request *r, uint64_t key, int64_t until);
/* Wakes every request and stream that waits for the key. */
void http_wake(struct http_server *h, uint64_t key);

/* What answers were kept back for is so, and they go out; or it is not, and each is replaced by
 * 503, "ask again". */
void http_settled(struct http_server *h, bool ok);

/* ---- replies: exactly one a request; each adds nosniff, over HTTPS also what forbids a browser to
 * run, frame or pass on anything of it ---- */

/* Before the reply: the value of its Set-Cookie header, shorter than HTTP_COOKIE_MAX. */
void http_set_cookie(struct http_request *r, const char *value);
/* Before the reply: a browser saves it as a file of this name, of which only letters, digits and
 * ". _ -" are kept; shorter than HTTP_FILE_NAME_MAX. */
void http_set_download(struct http_request *r, const char *name);
/* Before the reply: a browser heeds the one style within the page that has this hash, as a
 * Content-Security-Policy spells it, shorter than HTTP_STYLE_HASH_MAX; kept until the answer is
 * made. Without it: none at all. */
void http_set_style(struct http_request *r, const char *hash);
/* Takes over json (NULL: 500 INTERNAL). Cache-Control: no-store, as for every API answer. */
void http_reply_json(struct http_request *r, unsigned status, json_t *json);
/* {"v":1,"error":"REASON","text":"..."} */
void http_reply_error(struct http_request *r, unsigned status, enum reason reason,
        const char *format, ...) __attribute__((format(printf, 4, 5)));
void http_reply_text(struct http_request *r, unsigned status, const char *type, const char *text);
/* Takes over memory from malloc(). no-store. */
void http_reply_memory(
        struct http_request *r, unsigned status, const char *type, char *data, size_t len);
/* A whole regular file or the single byte range asked for (206, 416); after http_set_download()
 * always the whole, so that what is recorded as one download is one. Takes over fd. */
void http_reply_file(struct http_request *r, const char *type, int fd);

/* ---- a few files, kept in memory ---- */

struct http_static;
/* The files together have a version, which their addresses may have in them: a browser then keeps
 * them for good, and never mixes those of two versions. A file says HTTP_STATIC_MARK where the
 * version belongs. */
#define HTTP_STATIC_VERSION 16 /* characters */
#define HTTP_STATIC_MARK    "@page---version@"
/* Loads the regular files of a directory (not below it; at most 128 files, 2 MB each), and
 * compresses what gets shorter by it, for who asks for gzip. */
int http_static_load(const char *directory, struct http_static **ret, struct error *err);
void http_static_free(struct http_static *s);
/* 404 when there is none of that name, or of that version (NULL: not asked for); 304 on a matching
 * If-None-Match. */
void http_reply_static(
        struct http_request *r, const struct http_static *s, const char *version, const char *name);

/* ---- streams (server-sent events), and answers made while they are sent ---- */

enum http_fill {
	HTTP_FILL_MORE,   /* something was appended, or there is nothing yet */
	HTTP_FILL_END,    /* nothing was appended, nothing comes any more */
	HTTP_FILL_BROKEN, /* it cannot go on: the client sees that its answer is not whole */
};

/* fill: append what is new to out, nothing when there is nothing: it is called again after a wake
 * of key, or (timeout) when nothing happened for idle_ms, so that a sign of life may be due. One
 * that always has something needs neither. */
struct http_stream_options {
	const char *type;
	const char *encoding; /* of the content; NULL: none */
	uint64_t size;        /* bytes that fill() will append in all; 0: not known */
	uint64_t key;
	int idle_ms;
	enum http_fill (*fill)(void *state, struct buffer *out, bool timeout);
	void (*end)(void *state); /* frees state */
	void *state;
};
void http_reply_stream(struct http_request *r, const struct http_stream_options *options);

/* ---- reading a request ---- */

/* The decoded query argument, or NULL. */
const char *http_argument(const struct http_request *r, const char *name);
const char *http_header(const struct http_request *r, const char *name);
/* Calls each(name, value, context) for every query argument in turn, "" for one without a value. A
 * non-zero return of each ends the walk and is returned. */
int http_arguments(const struct http_request *r,
        int (*each)(const char *name, const char *value, void *context), void *context);
const char *http_cookie(const struct http_request *r, const char *name);
/* Whether the client takes an answer compressed with gzip. */
bool http_accepts_gzip(const struct http_request *r);
/* Overwrites the body, which had a password in it. */
void http_wipe_body(struct http_request *r);

#endif
