/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of http/ share; libmicrohttpd's names stay behind this header. */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include "appliance/http/http.h"

#include <microhttpd.h>
#include <sodium.h>

/* A suspended connection, in its server's list. */
struct http_waiter {
	struct http_waiter *next, **link; /* link is NULL when not in the list */
	struct MHD_Connection *connection;
	uint64_t key;
	int64_t until;
};

struct http_server {
	struct MHD_Daemon *daemon;
	struct http_options options;
	struct http_waiter *waiters;
	int64_t next_deadline; /* of all waiters; INT64_MAX without any */
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

/* reply.c: adds nosniff and the type, queues, lets go of the response. NULL response: the
 * connection is closed. */
void reply_queue(
        struct http_request *r, unsigned status, const char *type, struct MHD_Response *response);
void reply_header(struct MHD_Response *response, const char *name, const char *value);

#endif
