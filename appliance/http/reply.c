/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/private.h"
#include "appliance/http/range.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void reply_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) != MHD_YES)
		log_warning("http: cannot add header %s", name);
}

void reply_fence(struct MHD_Response *response, const char *policy)
{
	reply_header(response, "Content-Security-Policy", policy);
	reply_header(response, "X-Frame-Options", "DENY");
	reply_header(response, "Referrer-Policy", "no-referrer");
	reply_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	reply_header(response, "Cross-Origin-Opener-Policy", "same-origin");
}

void http_set_cookie(struct http_request *r, const char *value)
{
	(void)snprintf(r->private->cookie, sizeof(r->private->cookie), "%s", value);
}

void http_set_download(struct http_request *r, const char *name)
{
	char *out = r->private->download;

	(void)snprintf(out, sizeof(r->private->download), "%s", name);
	for (; *out; out++)
		if (!isalnum((unsigned char)*out) && !strchr("._-", *out))
			*out = '_';
}

void http_set_style(struct http_request *r, const char *hash)
{
	r->private->style = hash;
}

static void reply_fence_data(struct MHD_Response *response, const char *style)
{
	char policy[sizeof(FENCE_STYLED) + HTTP_STYLE_HASH_MAX];

	if (style)
		(void)snprintf(policy, sizeof(policy), FENCE_STYLED, style);
	reply_fence(response, style ? policy : FENCE_DATA);
}

static void reply_download(struct MHD_Response *response, const char *name)
{
	char value[HTTP_FILE_NAME_MAX + 32];

	(void)snprintf(value, sizeof(value), "attachment; filename=\"%s\"", name);
	reply_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, value);
	reply_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

static void reply_finish(
        struct http_request *r, unsigned status, const char *type, struct MHD_Response *response)
{
	struct http_private *p = r->private;

	p->replied = true;
	p->status = status;
	p->response = response;
	if (!response)
		return;
	if (type)
		reply_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	reply_header(response, "X-Content-Type-Options", "nosniff");
	if (p->server->options.cert_pem)
		reply_fence_data(response, p->style);
	if (p->download[0])
		reply_download(response, p->download);
	if (p->cookie[0])
		reply_header(response, MHD_HTTP_HEADER_SET_COOKIE, p->cookie);
}

static void reply_send(struct http_private *p)
{
	const struct http_options *o = &p->server->options;
	size_t row = p->route ? (size_t)(p->route - o->routes) : o->route_count;

	if (p->status / 100 < HTTP_HUNDREDS)
		p->server->answers[row][p->status / 100]++;
	if (!p->response) {
		log_error("http: no memory for an answer to %s", p->request.path);
		return;
	}
	if (MHD_queue_response(p->connection, p->status, p->response) != MHD_YES)
		log_warning("http: cannot answer %s", p->request.path);
	MHD_destroy_response(p->response);
	p->response = NULL;
}

void reply_queue(
        struct http_request *r, unsigned status, const char *type, struct MHD_Response *response)
{
	reply_finish(r, status, type, response);
	reply_send(r->private);
}

void reply_word(
        struct http_request *r, unsigned status, const char *type, struct MHD_Response *response)
{
	const struct http_options *o = &r->private->server->options;

	reply_finish(r, status, type, response);
	if (response && o->hold && o->hold(o->context))
		http_suspend(r, WAITER_HELD, WAITER_FOREVER);
	else
		reply_send(r->private);
}

void reply_resumed(struct http_private *p)
{
	if (!p->lost) {
		reply_send(p);
		return;
	}
	p->lost = false;
	MHD_destroy_response(p->response);
	p->response = NULL;
	http_reply_error(&p->request, 503, REASON_STORE_UNREACHABLE,
	        "it may not have been stored; ask again");
}

void http_reply_memory(
        struct http_request *r, unsigned status, const char *type, char *data, size_t len)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);

	if (!response)
		free(data);
	else
		reply_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	reply_word(r, status, type, response);
}

void http_reply_text(struct http_request *r, unsigned status, const char *type, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

	if (response)
		reply_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	reply_word(r, status, type, response);
}

void http_reply_json(struct http_request *r, unsigned status, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (!text) {
		http_reply_text(r, 500, "application/json",
		        "{\"v\":1,\"error\":\"INTERNAL\",\"text\":\"no memory for the answer\"}");
		return;
	}
	http_reply_memory(r, status, "application/json", text, strlen(text));
}

void http_reply_error(
        struct http_request *r, unsigned status, enum reason reason, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	http_reply_json(r, status,
	        json_pack("{s:i, s:s, s:s}", "v", NETMEND_WIRE_VERSION, "error",
	                reason_code(reason), "text", text));
}

void http_reply_file(struct http_request *r, const char *type, int fd)
{
	struct stat st;
	uint64_t first = 0;
	char range[80];

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		http_reply_error(r, 404, REASON_CANNOT_OPEN, "not a regular file");
		return;
	}
	uint64_t size = (uint64_t)st.st_size, length = size;
	bool whole = r->private->download[0];
	enum range_result part = range_parse(
	        whole ? NULL : http_header(r, MHD_HTTP_HEADER_RANGE), size, &first, &length);
	struct MHD_Response *response;
	if (part == RANGE_OUTSIDE) {
		(void)close(fd);
		(void)snprintf(range, sizeof(range), "bytes */%llu", (unsigned long long)size);
		response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	} else {
		(void)snprintf(range, sizeof(range), "bytes %llu-%llu/%llu",
		        (unsigned long long)first,
		        (unsigned long long)(first + length - (length > 0)),
		        (unsigned long long)size);
		response = MHD_create_response_from_fd_at_offset64(length, fd, first);
		if (!response)
			(void)close(fd);
	}
	if (response) {
		reply_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, whole ? "none" : "bytes");
		if (part != RANGE_WHOLE)
			reply_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range);
	}
	reply_queue(r,
	        part == RANGE_OUTSIDE ? 416
	        : part == RANGE_PART  ? 206
	                              : 200,
	        type, response);
}
