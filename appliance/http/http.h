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
	const char *path;
	char address[16];                              /* the client's IPv4 */
	char capture[HTTP_CAPTURES][HTTP_CAPTURE_MAX]; /* what stood for each {} of the pattern */
	const char *body; /* with a NUL after it; empty when there was none */
	size_t body_len;
	bool too_large; /* the body was over the route's limit and is not here */
	int file;       /* BODY_FILE: the received bytes, O_TMPFILE or -1 (refused or failed) */
	int file_error; /* BODY_FILE: negative errno when receiving failed */
	uint64_t file_size;
	char file_sha256[65];
	/* For handlers to keep between two calls of one request; freed with free(). */
	void *state;
	/* Of http/ alone. */
	struct http_private *private;
};

enum http_body { BODY_NONE, BODY_MEMORY, BODY_FILE };

struct http_route {
	const char *method;  /* "GET" serves HEAD too */
	const char *pattern; /* "/v1/sessions/{}/events"; {} is one path segment */
	enum http_body body;
	size_t max_body;
	/* BODY_FILE: asked before the first byte is stored; false: the body is read and dropped. */
	bool (*admit)(struct http_request *r, void *context);
	void (*handler)(struct http_request *r, void *context);
};

struct http_options {
	int listen_fd;                  /* bound and listening; borrowed */
	const char *cert_pem, *key_pem; /* texts; NULL: plain HTTP */
	const char *spool; /* directory for BODY_FILE bodies; NULL when no route has one */
	const struct http_route *routes;
	size_t route_count;
	void *context;        /* for the handlers */
	unsigned connections; /* at most */
};

/* Ignores SIGPIPE in the whole process. err: CANNOT_OPEN. */
int http_new(const struct http_options *options, struct http_server **ret, struct error *err);
void http_free(struct http_server *h); /* ends every connection */

/* For the caller's event loop: the descriptor is readable when there is work; http_run() does it.
 * http_timeout(): ms until http_run() must be called anyway, -1: never. */
int http_fd(const struct http_server *h);
int http_timeout(const struct http_server *h);
void http_run(struct http_server *h);

/* Milliseconds of a clock that only goes forward; what the times of this header are of. */
int64_t http_clock(void);

/* ---- waiting ---- */

/* From a handler, instead of a reply: call it again at `until`, or when somebody wakes this key. */
void http_suspend(struct http_request *r, uint64_t key, int64_t until);
/* Wakes every request and stream that waits for the key. */
void http_wake(struct http_server *h, uint64_t key);

/* ---- replies: exactly one a request; each adds nosniff ---- */

/* Takes over json (NULL: 500 INTERNAL). Cache-Control: no-store, as for every API answer. */
void http_reply_json(struct http_request *r, unsigned status, json_t *json);
/* {"v":1,"error":"REASON","text":"..."} */
void http_reply_error(struct http_request *r, unsigned status, enum reason reason,
        const char *format, ...) __attribute__((format(printf, 4, 5)));
void http_reply_text(struct http_request *r, unsigned status, const char *type, const char *text);
/* Takes over memory from malloc(). no-store. */
void http_reply_memory(
        struct http_request *r, unsigned status, const char *type, char *data, size_t len);
/* A whole regular file or the single byte range asked for (206, 416). Takes over fd. */
void http_reply_file(struct http_request *r, const char *type, int fd);

/* ---- a few files, kept in memory ---- */

struct http_static;
/* Loads the regular files of a directory (not below it; at most 64 files, 2 MB each). */
int http_static_load(const char *directory, struct http_static **ret, struct error *err);
void http_static_free(struct http_static *s);
/* 404 when there is none of that name; 304 on a matching If-None-Match. */
void http_reply_static(struct http_request *r, const struct http_static *s, const char *name);

/* ---- streams (server-sent events) ---- */

/* fill: append what is new to out, nothing when there is nothing. timeout: nothing happened for
 * idle_ms, so that a sign of life may be due. It is called again after a wake of key. */
struct http_stream_options {
	const char *type;
	uint64_t key;
	int idle_ms;
	void (*fill)(void *state, struct buffer *out, bool timeout);
	void (*end)(void *state); /* frees state */
	void *state;
};
void http_reply_stream(struct http_request *r, const struct http_stream_options *options);

/* ---- reading a request ---- */

/* The decoded query argument, or NULL. */
const char *http_argument(const struct http_request *r, const char *name);
const char *http_header(const struct http_request *r, const char *name);

#endif
