/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/private.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* A body over its limit is read to its end, so that the client gets to read our answer; a client
 * that goes on for ever is cut off here. */
#define DROPPED_MAX ((uint64_t)256 * 1024 * 1024)

/* True when path is pattern with one non-empty segment for each {}. */
static bool path_matches(
        const char *pattern, const char *path, char capture[HTTP_CAPTURES][HTTP_CAPTURE_MAX])
{
	size_t n = 0;

	while (*pattern) {
		if (pattern[0] != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t len = strcspn(path, "/");
		if (len == 0 || len >= HTTP_CAPTURE_MAX || n == HTTP_CAPTURES)
			return false;
		memcpy(capture[n], path, len);
		capture[n++][len] = 0;
		path += len;
		pattern += 2;
	}
	return *path == 0;
}

static void request_route(struct http_private *p, const char *method, const char *path)
{
	const struct http_options *o = &p->server->options;

	for (size_t i = 0; i < o->route_count; i++) {
		if (!path_matches(o->routes[i].pattern, path, p->request.capture))
			continue;
		if (strcmp(o->routes[i].method, method) == 0) {
			p->route = &o->routes[i];
			return;
		}
		p->other_method = true;
	}
}

static void client_address(struct MHD_Connection *connection, char ret[16])
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	ret[0] = 0;
	if (info && info->client_addr && info->client_addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)info->client_addr;
		(void)inet_ntop(AF_INET, &in->sin_addr, ret, 16);
	}
}

static struct http_private *request_new(struct http_server *h, struct MHD_Connection *connection,
        const char *path, const char *method)
{
	struct http_private *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->server = h;
	p->connection = connection;
	p->request.private = p;
	p->request.path = path;
	p->request.head = strcmp(method, "HEAD") == 0;
	p->request.method = p->request.head ? "GET" : method;
	p->request.file = -1;
	client_address(connection, p->request.address);
	request_route(p, p->request.method, path);
	buffer_init(&p->body, p->route ? p->route->max_body : 0);
	(void)crypto_hash_sha256_init(&p->hash);
	return p;
}

void request_completed(void *cls, struct MHD_Connection *connection, void **request,
        enum MHD_RequestTerminationCode code)
{
	struct http_private *p = *request;

	(void)cls;
	(void)connection;
	(void)code;
	if (!p)
		return;
	waiter_remove(&p->waiter);
	if (p->response)
		MHD_destroy_response(p->response);
	buffer_free(&p->body);
	if (p->request.file >= 0)
		(void)close(p->request.file);
	if (p->request.state_free)
		p->request.state_free(p->request.state);
	else
		free(p->request.state);
	free(p);
	*request = NULL;
}

/* The file has no name until the handler gives it one: a broken upload leaves nothing behind. */
static void file_open(struct http_private *p)
{
	struct http_request *r = &p->request;

	r->file = open(p->server->options.spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (r->file < 0)
		r->file_error = -errno;
}

static void file_append(struct http_private *p, const char *data, size_t len)
{
	struct http_request *r = &p->request;

	(void)crypto_hash_sha256_update(&p->hash, (const unsigned char *)data, len);
	while (len > 0 && r->file_error == 0) {
		ssize_t n = write(r->file, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r->file_error = -errno;
			break;
		}
		data += n;
		len -= (size_t)n;
		r->file_size += (uint64_t)n;
	}
}

/* False: the client has sent more than we are willing to drop. */
static bool body_receive(struct http_private *p, const char *data, size_t len)
{
	struct http_request *r = &p->request;

	p->received += len;
	if (p->received > DROPPED_MAX)
		return false;
	if (!p->route || p->route->body == BODY_NONE)
		return true;
	if (p->received > p->route->max_body) {
		r->too_large = true;
		return true;
	}
	if (p->request.dropped)
		return true;
	if (p->route->body == BODY_MEMORY)
		r->too_large |= buffer_append(&p->body, data, len) < 0;
	else if (r->file >= 0)
		file_append(p, data, len);
	return true;
}

static void body_finish(struct http_private *p)
{
	struct http_request *r = &p->request;
	uint8_t hash[crypto_hash_sha256_BYTES];

	r->body = p->body.data ? (const char *)p->body.data : "";
	r->body_len = p->body.len;
	if (r->file >= 0 && !r->file_sha256[0]) {
		(void)crypto_hash_sha256_final(&p->hash, hash);
		hex_encode(hash, sizeof(hash), r->file_sha256);
	}
}

static void request_handle(struct http_private *p)
{
	struct http_request *r = &p->request;

	if (!p->route) {
		http_reply_error(r, p->other_method ? 405 : 404, REASON_PROTOCOL_ERROR,
		        p->other_method ? "no such method here" : "no such address here");
		return;
	}
	if (r->too_large) {
		http_reply_error(r, 413, REASON_REQUEST_TOO_LARGE,
		        "the body is larger than %zu bytes", p->route->max_body);
		return;
	}
	p->route->handler(r, p->server->options.context);
	if (!p->replied && !p->waiter.link)
		http_reply_error(r, 500, REASON_INTERNAL, "no answer");
}

enum MHD_Result request_access(void *cls, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
        void **request)
{
	struct http_private *p = *request;

	(void)version;
	if (!p) {
		/* The header is complete; libmicrohttpd calls again for the body and at its end. */
		p = request_new(cls, connection, url, method);
		if (!p)
			return MHD_NO;
		*request = p;
		if (p->route && p->route->admit)
			p->request.dropped =
			        !p->route->admit(&p->request, p->server->options.context);
		if (p->route && p->route->body == BODY_FILE && !p->request.dropped)
			file_open(p);
		return MHD_YES;
	}
	if (*upload_data_size > 0) {
		size_t len = *upload_data_size;
		*upload_data_size = 0;
		return body_receive(p, upload_data, len) ? MHD_YES : MHD_NO;
	}
	if (p->waiter.link) /* called again while it waits */
		return MHD_YES;
	if (p->replied) {
		reply_resumed(p);
		return MHD_YES;
	}
	body_finish(p);
	request_handle(p);
	return MHD_YES;
}

const char *http_argument(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->private->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_cookie(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->private->connection, MHD_COOKIE_KIND, name);
}

/* "gzip" among the codings, and not with a weight of nothing (RFC 9110, 12.5.3). */
bool http_accepts_gzip(const struct http_request *r)
{
	const char *at = http_header(r, MHD_HTTP_HEADER_ACCEPT_ENCODING);

	while (at && *at) {
		at += strspn(at, " \t,");
		size_t len = strcspn(at, ",");
		if (len >= 4 && strncasecmp(at, "gzip", 4) == 0) {
			const char *weight = at + 4 + strspn(at + 4, "; \t");
			if (weight >= at + len)
				return true;
			if (strncasecmp(weight, "q=", 2) == 0)
				return strtod(weight + 2, NULL) > 0;
		}
		at += len;
	}
	return false;
}

void http_wipe_body(struct http_request *r)
{
	if (r->body_len > 0)
		explicit_bzero(r->private->body.data, r->body_len);
}

const char *http_header(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->private->connection, MHD_HEADER_KIND, name);
}

struct argument_walk {
	int (*each)(const char *name, const char *value, void *context);
	void *context;
	int result;
};

static enum MHD_Result argument_each(
        void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct argument_walk *walk = context;

	(void)kind;
	walk->result = walk->each(name, value ? value : "", walk->context);
	return walk->result == 0 ? MHD_YES : MHD_NO;
}

int http_arguments(const struct http_request *r,
        int (*each)(const char *name, const char *value, void *context), void *context)
{
	struct argument_walk walk = {.each = each, .context = context};

	(void)MHD_get_connection_values(
	        r->private->connection, MHD_GET_ARGUMENT_KIND, argument_each, &walk);
	return walk.result;
}
