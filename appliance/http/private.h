/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of http/ share; libmicrohttpd's names stay behind this header. */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include "appliance/http/http.h"

#include <microhttpd.h>
#include <sodium.h>

#define HTTP_HUNDREDS 6 /* 0 to 5 */

/* A suspended connection, in a list of its server: the one its key falls to. */
#define WAITER_BUCKETS 1024
#define WAITER_HELD    UINT64_MAX /* the key of answers that are kept back */
#define WAITER_FOREVER (INT64_MAX / 2)
struct http_waiter {
	struct http_waiter *next, **link; /* link is NULL when in no list */
	struct MHD_Connection *connection;
	uint64_t key;
	int64_t until;
};

struct http_server {
	struct MHD_Daemon *daemon;
	struct http_options options;
	struct http_waiter *waiters[WAITER_BUCKETS];
	int64_t next_deadline; /* of all waiters; INT64_MAX without any */
	bool resumed;          /* somebody since the last run */
	/* Answers by route (the last row: none fitted) and hundreds of the status. */
	uint64_t (*answers)[HTTP_HUNDREDS];
};

struct http_private {
	struct http_request request;
	struct http_server *server;
	struct MHD_Connection *connection;
	const struct http_route *route; /* NULL: none fits */
	bool other_method;              /* a route of this path has another method */
	struct buffer body;
	crypto_hash_sha256_state hash;
	uint64_t received; /* of a body that is dropped, too */
	bool replied;
	struct MHD_Response *response; /* kept back; NULL when it is out */
	unsigned status;
	bool lost; /* what the answer tells of did not come to be */
	char cookie[HTTP_COOKIE_MAX];
	char download[HTTP_FILE_NAME_MAX]; /* the file's name; "": no file to save */
	const char *style;                 /* what http_set_style() was told, or NULL */
	struct http_waiter waiter;
};

/* waiter.c */
void waiter_add(struct http_server *h, struct http_waiter *w, uint64_t key, int64_t until);
void waiter_remove(struct http_waiter *w);
/* Resumes those whose time has come. */
void waiters_expire(struct http_server *h, int64_t now);
void waiters_resume_all(struct http_server *h);

/* request.c: libmicrohttpd's callbacks; cls is the server. */
enum MHD_Result request_access(void *cls, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
        void **request);
void request_completed(void *cls, struct MHD_Connection *connection, void **request,
        enum MHD_RequestTerminationCode code);

/* reply.c: adds the headers every answer has and the type, queues, lets go of the response. NULL
 * response: the connection is closed. */
void reply_queue(
        struct http_request *r, unsigned status, const char *type, struct MHD_Response *response);
/* The same for what a handler says of its own, which may not be so yet: it may be kept back. */
void reply_word(
        struct http_request *r, unsigned status, const char *type, struct MHD_Response *response);
/* An answer that was kept back goes out. */
void reply_resumed(struct http_private *p);
void reply_header(struct MHD_Response *response, const char *name, const char *value);
/* What a browser may not do with it; policy: its Content-Security-Policy. */
void reply_fence(struct MHD_Response *response, const char *policy);
#define FENCE_PAGE "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
/* A page whole in itself, to be printed or sent on: it brings the one style of that hash, and runs
 * nothing. */
#define FENCE_STYLED                                                                \
	"default-src 'none'; style-src '%s'; base-uri 'none'; form-action 'none'; " \
	"frame-ancestors 'none'"
#define FENCE_DATA "default-src 'none'; frame-ancestors 'none'"

#endif
