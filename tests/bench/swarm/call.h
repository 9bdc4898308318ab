/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One HTTP call at a time over one connection, from an address of the caller's choice: plain, or
 * TLS with the pinned key. Without waiting: the epoll loop of loop.h drives it. The connection is
 * kept for the next call and opened anew when the server has closed it meanwhile, as the fixer
 * does.
 */
#ifndef SWARM_CALL_H
#define SWARM_CALL_H

#include "fixer/base/buffer.h"
#include "fixer/link/http_parse.h"
#include "tests/bench/swarm/loop.h"

#include <netinet/in.h>
#include <openssl/ssl.h>

/* A connection lost on purpose in the middle of a call. */
enum call_cut { CUT_NONE, CUT_REQUEST, CUT_ANSWER };

struct call_client {
	int epoll;
	SSL_CTX *tls;
	uint8_t pin[32];
	size_t connected; /* open TLS connections */
};

/* 0, or -errno. pin is set before the first TLS call. */
int call_client_init(struct call_client *c);
void call_client_clear(struct call_client *c);

struct call {
	struct loop_source source;
	struct call_client *client;
	struct in_addr from;
	/* The answer is there (error 0), or there is none: -errno. The next call may be made from
	 * within. */
	void (*done)(struct call *c, int error);
	int status;         /* of the answer */
	struct buffer body; /* of the answer, until the next call */

	struct http_parser *parser; /* while a call is made */

	int fd; /* -1: not connected */
	SSL *ssl;
	struct sockaddr_in to;
	bool secure, shaken, reused, answered;
	enum call_cut cut;
	struct buffer out;
	size_t sent;
};

void call_init(struct call *c, struct call_client *client, struct in_addr from,
        void (*done)(struct call *c, int error));
void call_close(struct call *c); /* the connection, and the call without done() */

/* Makes a call of the request (whole, head and body; copied) to this place. cut: done() is told
 * -ECONNABORTED. Errors come by done(), before or after this returns. */
void call_make(struct call *c, const struct sockaddr_in *to, bool secure, const void *request,
        size_t len, size_t max_answer, enum call_cut cut);

#endif
