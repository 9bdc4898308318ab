/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/private.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Seconds a connection may stay without a byte; a suspended one does not count. */
#define IDLE_SECONDS 30
/* Of all connections one address may have this part: a host that opens what it can, or never ends
 * what it sends, shuts out itself. A whole site behind one address still fits in. */
#define ADDRESS_SHARE 4
/* Enough for every request line and header we expect, and the read buffer of an upload. */
#define CONNECTION_MEMORY ((size_t)10 * 1024)

int64_t http_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void library_log(void *cls, const char *format, va_list args)
{
	char line[300];

	(void)cls;
	(void)vsnprintf(line, sizeof(line), format, args);
	log_debug("http: %s", line);
}

int http_new(const struct http_options *options, struct http_server **ret, struct error *err)
{
	int flags = fcntl(options->listen_fd, F_GETFL);

	/* One thread serves all: an accept() for a client that has gone again must not block it. */
	if (flags < 0 || fcntl(options->listen_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set(
		        err, -errno, REASON_CANNOT_OPEN, "listening socket %d", options->listen_fd);
	/* sendfile() has no flag against SIGPIPE; unless told that we ignore it, the library
	 * copies. */
	(void)signal(SIGPIPE, SIG_IGN);
	struct http_server *h = calloc(1, sizeof(*h));
	if (!h)
		return error_set(err, -ENOMEM, REASON_CANNOT_OPEN, "no memory");
	h->answers = calloc(options->route_count + 1, sizeof(*h->answers));
	if (!h->answers) {
		free(h);
		return error_set(err, -ENOMEM, REASON_CANNOT_OPEN, "no memory");
	}
	h->options = *options;
	h->next_deadline = INT64_MAX;

	struct MHD_OptionItem tls[] = {
	        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->cert_pem},
	        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key_pem},
	        {MHD_OPTION_HTTPS_PRIORITIES, 0,
	                (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
	        {MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	bool secure = options->cert_pem != NULL;
	unsigned int mode = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	h->daemon = MHD_start_daemon(mode | (secure ? MHD_USE_TLS : 0), 0, NULL, NULL,
	        request_access, h, MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL,
	        MHD_OPTION_LISTEN_SOCKET, options->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
	        options->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	        options->connections / ADDRESS_SHARE, MHD_OPTION_CONNECTION_TIMEOUT,
	        (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_COMPLETED,
	        request_completed, h, MHD_OPTION_ARRAY, secure ? tls : none, MHD_OPTION_END);
	if (!h->daemon) {
		free(h->answers);
		free(h);
		return error_set(err, -EIO, REASON_CANNOT_OPEN, "cannot serve %s%s",
		        secure ? "HTTPS" : "HTTP",
		        secure ? ": is the key that of the certificate?" : "");
	}
	*ret = h;
	return 0;
}

void http_free(struct http_server *h)
{
	if (!h)
		return;
	/* libmicrohttpd refuses to stop with suspended connections. */
	waiters_resume_all(h);
	MHD_stop_daemon(h->daemon);
	free(h->answers);
	free(h);
}

unsigned http_connections(const struct http_server *h)
{
	const union MHD_DaemonInfo *info =
	        MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

void http_answers(const struct http_server *h,
        void (*each)(const struct http_route *route, int hundreds, uint64_t count, void *context),
        void *context)
{
	const struct http_options *o = &h->options;

	for (size_t i = 0; i <= o->route_count; i++)
		for (int k = 1; k < HTTP_HUNDREDS; k++)
			if (h->answers[i][k])
				each(i < o->route_count ? &o->routes[i] : NULL, k, h->answers[i][k],
				        context);
}

int http_fd(const struct http_server *h)
{
	return MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int http_timeout(const struct http_server *h)
{
	MHD_UNSIGNED_LONG_LONG library;
	int64_t ms = -1;

	if (h->resumed)
		return 0;
	if (MHD_get_timeout(h->daemon, &library) == MHD_YES)
		ms = library < INT_MAX ? (int64_t)library : INT_MAX;
	if (h->next_deadline != INT64_MAX) {
		int64_t left = h->next_deadline - http_clock();
		left = left < 0 ? 0 : left;
		if (ms < 0 || left < ms)
			ms = left;
	}
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

void http_run(struct http_server *h)
{
	waiters_expire(h, http_clock());
	h->resumed = false;
	if (MHD_run(h->daemon) != MHD_YES)
		log_error("http: the server's event loop failed");
}
