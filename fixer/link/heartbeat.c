/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/link/heartbeat.h"
#include "fixer/base/log.h"
#include "fixer/link/api_internal.h"
#include "netmend/version.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEAT_TIMEOUT 8 /* seconds */

struct heartbeat {
	pid_t child;
	int socket;
};

/* What the parent tells the child; one message each. */
struct order {
	char session[33];
	char state[16]; /* "" = silence */
	unsigned interval;
};

static void beat(struct api *a, const struct order *order)
{
	char body[96];
	struct link_answer answer;
	struct error err = {0};

	int len = snprintf(body, sizeof(body), "{\"v\":%d,\"state\":\"%s\",\"events\":[]}",
	        NETMEND_WIRE_VERSION, order->state);
	const struct api_request q = {.method = "POST",
	        .call = "events",
	        .timeout = BEAT_TIMEOUT,
	        .content_type = "application/json",
	        .body = body,
	        .body_len = (size_t)len,
	        .max_answer = NM_MAX_RESPONSE_BODY};
	memcpy(a->session, order->session, sizeof(a->session));
	if (api_attempt(a, &q, &answer, &err) < 0)
		log_debug("heartbeat: %s", err.text);
	else
		buffer_free(&answer.body);
}

/* Never returns: ends when the parent does. */
static void __attribute__((noreturn)) child_run(struct api *a, int socket)
{
	struct order order = {0};

	for (;;) {
		struct pollfd p = {.fd = socket, .events = POLLIN};
		int n = poll(&p, 1, order.state[0] ? (int)order.interval * 1000 : -1);
		if (n == 0)
			beat(a, &order);
		if (n > 0 && recv(socket, &order, sizeof(order), 0) != (ssize_t)sizeof(order))
			_exit(0);
		if (n < 0 && errno != EINTR)
			_exit(1);
	}
}

int heartbeat_start(
        const char *url, const uint8_t pin[32], struct heartbeat **ret, struct error *err)
{
	struct heartbeat *h = calloc(1, sizeof(*h));
	struct api *a = NULL;
	pid_t parent = getpid();
	int pair[2];

	if (!h)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the heartbeat");
	int r = api_new(url, pin, NULL, &a, err);
	if (r < 0) {
		free(h);
		return r;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		r = error_set(err, -errno, REASON_INTERNAL, "heartbeat: no socket pair");
		goto err_pair;
	}
	h->child = fork();
	if (h->child < 0) {
		r = error_set(err, -errno, REASON_INTERNAL, "heartbeat: cannot fork");
		goto err_fork;
	}
	if (h->child == 0) {
		(void)close(pair[1]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		child_run(a, pair[0]);
	}
	(void)close(pair[0]);
	api_free(a);
	h->socket = pair[1];
	*ret = h;
	return 0;

err_fork:
	(void)close(pair[0]);
	(void)close(pair[1]);
err_pair:
	api_free(a);
	free(h);
	return r;
}

void heartbeat_state(struct heartbeat *h, const char *session, unsigned interval, const char *state)
{
	struct order order = {.interval = interval};

	(void)snprintf(order.session, sizeof(order.session), "%s", session);
	(void)snprintf(order.state, sizeof(order.state), "%s", state ? state : "");
	if (send(h->socket, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_warning("heartbeat process: %s", strerror(errno));
}

void heartbeat_stop(struct heartbeat *h)
{
	if (!h)
		return;
	(void)close(h->socket);
	(void)kill(h->child, SIGKILL); /* it may be within a call; it holds nothing to lose */
	(void)waitpid(h->child, NULL, 0);
	free(h);
}
