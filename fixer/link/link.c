/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/link/link.h"
#include "fixer/link/clock.h"
#include "fixer/link/http_parse.h"
#include "fixer/link/tls.h"
#include "netmend/version.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct link {
	struct tls_context *context;
	struct tls *tls; /* NULL while not connected */
	struct sockaddr_in address;
	char host[32]; /* IPV4:PORT, for messages and the Host header */
};

struct request {
	const char *method, *path, *content_type;
	const void *body;
	size_t body_len, max_body;
};

/* "https://IPV4:PORT", nothing after it. */
static int parse_url(const char *url, struct link *l)
{
	char *colon, *end;

	if (strncmp(url, "https://", 8) != 0 || strlen(url + 8) >= sizeof(l->host))
		return -EINVAL;
	(void)snprintf(l->host, sizeof(l->host), "%s", url + 8);
	colon = strchr(l->host, ':');
	if (!colon || colon[1] < '1' || colon[1] > '9')
		return -EINVAL;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*end || port > UINT16_MAX)
		return -EINVAL;
	*colon = 0;
	l->address.sin_family = AF_INET;
	l->address.sin_port = htons((uint16_t)port);
	int r = inet_pton(AF_INET, l->host, &l->address.sin_addr) == 1 ? 0 : -EINVAL;
	*colon = ':';
	return r;
}

int link_new(const char *url, const uint8_t pin[32], struct link **ret, struct error *err)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the link");
	if (parse_url(url, l) < 0) {
		free(l);
		return error_set(err, -EINVAL, REASON_BAD_BOOT_PARAMETERS,
		        "the appliance's address must be https://IPV4:PORT");
	}
	if (tls_context_new(pin, &l->context) < 0) {
		free(l);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "cannot set up TLS");
	}
	*ret = l;
	return 0;
}

static void disconnect(struct link *l)
{
	tls_close(l->tls);
	l->tls = NULL;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	disconnect(l);
	tls_context_free(l->context);
	free(l);
}

static int send_request(struct link *l, const struct request *q, int64_t deadline)
{
	struct buffer head;

	buffer_init(&head, HTTP_MAX_HEAD);
	int r = buffer_printf(&head,
	        "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: netmend-fixer/" NETMEND_VERSION "\r\n",
	        q->method, q->path, l->host);
	if (r == 0 && q->body)
		r = buffer_printf(&head, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		        q->content_type, q->body_len);
	if (r == 0)
		r = buffer_printf(&head, "\r\n");
	if (r == 0)
		r = tls_write(l->tls, head.data, head.len, deadline);
	if (r == 0 && q->body)
		r = tls_write(l->tls, q->body, q->body_len, deadline);
	buffer_free(&head);
	return r;
}

static int unreachable(const struct link *l, int code, const char *what, struct error *err)
{
	return error_set(err, code, REASON_APPLIANCE_UNREACHABLE, "%s: %s: %s", l->host, what,
	        strerror(-code));
}

/* *ret_stale: the connection ended before the first byte of an answer. */
static int read_answer(struct link *l, int64_t deadline, struct http_parser *parser,
        bool *ret_stale, struct error *err)
{
	uint8_t chunk[16384];
	bool first = true;

	for (;;) {
		size_t used = 0;
		ssize_t n = tls_read(l->tls, chunk, sizeof(chunk), deadline);
		*ret_stale = first && n <= 0 && n != -ETIMEDOUT;
		if (n < 0)
			return unreachable(l, (int)n, "no answer", err);
		if (n == 0)
			return unreachable(
			        l, -ECONNRESET, "connection closed within an answer", err);
		first = false;
		int r = http_parser_feed(parser, chunk, (size_t)n, &used);
		if (r < 0)
			return error_set(
			        err, r, REASON_PROTOCOL_ERROR, "%s: %s", l->host, parser->problem);
		if (r > 0 && used < (size_t)n)
			return error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR,
			        "%s: bytes after the end of the answer", l->host);
		if (r > 0)
			return 0;
	}
}

/* One request on the open connection, which is closed afterwards unless it can be used again. */
static int exchange(struct link *l, const struct request *q, int64_t deadline,
        struct link_answer *ret, bool *ret_stale, struct error *err)
{
	struct link_answer answer = {0};
	struct http_parser parser;

	buffer_init(&answer.body, q->max_body);
	http_parser_init(&parser, &answer.body);
	/* A server that refuses a large body answers and closes before it read it all: its answer
	 * is worth more than our failed write. */
	int sent = send_request(l, q, deadline);
	int r = sent == -ETIMEDOUT ? unreachable(l, sent, "request not taken", err)
	                           : read_answer(l, deadline, &parser, ret_stale, err);
	if (r < 0 || sent < 0 || !parser.keep_alive)
		disconnect(l);
	if (r < 0) {
		buffer_free(&answer.body);
		return r;
	}
	answer.status = parser.status;
	*ret = answer;
	return 0;
}

int link_call(struct link *l, const char *method, const char *path, const char *content_type,
        const void *body, size_t body_len, size_t max_body, unsigned timeout,
        struct link_answer *ret, struct error *err)
{
	const struct request q = {method, path, content_type, body, body_len, max_body};
	int64_t deadline = monotonic_ms() + (int64_t)timeout * 1000;
	bool stale = false;
	int r;

	if (l->tls) {
		r = exchange(l, &q, deadline, ret, &stale, err);
		if (r == 0 || !stale)
			return r;
	}
	r = tls_connect(l->context, &l->address, deadline, &l->tls, err);
	if (r < 0) {
		error_prefix(err, "%s", l->host);
		return r;
	}
	return exchange(l, &q, deadline, ret, &stale, err);
}
