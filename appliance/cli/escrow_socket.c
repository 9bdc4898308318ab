/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/escrow_socket.h"
#include "appliance/guard/guard.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/json_wipe.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"
#include "netmend/version.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct escrow_socket {
	int fd;
	json_int_t next_id;
	char path[STATE_PATH_MAX];
	char text[NM_ESCROW_MESSAGE_MAX + 1];
};

static int failed(struct escrow_socket *s, struct error *err, int code, const char *what)
{
	return error_set(err, code, REASON_ESCROW_UNREACHABLE, "escrow (%s): %s", s->path, what);
}

static int connect_to(struct escrow_socket *s, struct error *err)
{
	int fd = guard_connect(s->path, 0);

	if (fd >= 0) {
		s->fd = fd;
		return 0;
	}
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return error_set(err, -ECONNREFUSED, REASON_ESCROW_UNREACHABLE,
		        "escrow does not run (nobody answers at %s): start netmend serve, and see "
		        "its log if it does run",
		        s->path);
	return failed(s, err, fd,
	        fd == -ENAMETOOLONG ? "the path is too long for a socket" : strerror(-fd));
}

int escrow_socket_open(const char *runtime, struct escrow_socket **ret, struct error *err)
{
	if (geteuid() != 0)
		return error_set(
		        err, -EPERM, REASON_USAGE, "only root may do this on the appliance (sudo)");
	struct escrow_socket *s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	json_wipe_init();
	s->fd = -1;
	s->next_id = 1;
	state_path(s->path, runtime, "escrow.sock");
	int r = connect_to(s, err);
	if (r < 0)
		escrow_socket_close(s);
	else
		*ret = s;
	return r;
}

void escrow_socket_close(struct escrow_socket *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		(void)close(s->fd);
	secret_wipe(s->text, sizeof(s->text));
	free(s);
}

/* --- one question --------------------------------------------------------------------------------
 */

int escrow_socket_send(
        struct escrow_socket *s, json_t *question, json_int_t *ret_id, struct error *err)
{
	json_int_t id = s->next_id++;
	char *text = NULL;

	if (question &&
	        json_object_set_new(question, "v", json_integer(NETMEND_WIRE_VERSION)) == 0 &&
	        json_object_set_new(question, "id", json_integer(id)) == 0)
		text = json_dumps(question, JSON_COMPACT);
	json_decref(question);
	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	size_t len = strlen(text);
	int r = 0;
	if (len > NM_ESCROW_MESSAGE_MAX)
		r = error_set(err, -EMSGSIZE, REASON_USAGE, "too much at once: name fewer");
	else if (send(s->fd, text, len, MSG_NOSIGNAL) < 0)
		r = failed(s, err, -errno, strerror(errno));
	json_wipe_text(text);
	if (r == 0)
		*ret_id = id;
	return r;
}

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One message into s->text. */
static int receive(struct escrow_socket *s, int64_t until, size_t *ret_len, struct error *err)
{
	struct pollfd poll_fd = {.fd = s->fd, .events = POLLIN};
	int64_t left = until - clock_ms();
	int ready = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;

	if (ready < 0 && errno != EINTR)
		return failed(s, err, -errno, strerror(errno));
	if (ready == 0)
		return failed(s, err, -ETIMEDOUT, "no answer in time; see the appliance's log");
	*ret_len = 0;
	if (ready < 0)
		return 0;
	ssize_t n = recv(s->fd, s->text, sizeof(s->text), MSG_TRUNC);
	if (n < 0)
		return failed(s, err, -errno, strerror(errno));
	if (n == 0)
		return failed(s, err, -EPIPE, "the connection was closed without an answer");
	if ((size_t)n > NM_ESCROW_MESSAGE_MAX)
		return failed(s, err, -EBADMSG, "an answer larger than the limit");
	*ret_len = (size_t)n;
	return 0;
}

/* The next answer to anything; news, which everybody gets, are passed over. */
static int take_until(struct escrow_socket *s, int64_t until, json_t **ret, struct error *err)
{
	for (;;) {
		size_t len = 0;
		int r = receive(s, until, &len, err);
		if (r < 0)
			return r;
		if (len == 0)
			continue;
		json_t *answer = json_loadb(s->text, len, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_object(answer) ||
		        json_integer_value(json_object_get(answer, "v")) != NETMEND_WIRE_VERSION) {
			json_decref(answer);
			return failed(s, err, -EBADMSG, "an answer that makes no sense");
		}
		if (json_is_integer(json_object_get(answer, "id"))) {
			*ret = answer;
			return 0;
		}
		json_decref(answer);
	}
}

int escrow_socket_take(struct escrow_socket *s, int seconds, json_t **ret, struct error *err)
{
	return take_until(s, clock_ms() + (int64_t)seconds * 1000, ret, err);
}

int escrow_socket_ask(
        struct escrow_socket *s, json_t *question, int seconds, json_t **ret, struct error *err)
{
	int64_t until = clock_ms() + (int64_t)seconds * 1000;
	json_int_t id = 0;
	int r = escrow_socket_send(s, question, &id, err);

	while (r == 0) {
		json_t *answer;
		r = take_until(s, until, &answer, err);
		if (r == 0 && json_integer_value(json_object_get(answer, "id")) == id) {
			*ret = answer;
			return 0;
		}
		if (r == 0)
			json_decref(answer);
	}
	return r;
}

/* The answer's own words, and those of its reason. */
static int refused(json_t *answer, struct error *err)
{
	const char *code = json_string_value(json_object_get(answer, "reason"));
	const char *said = json_string_value(json_object_get(answer, "text"));
	int known = code ? reason_parse(code) : -1;
	enum reason reason = known < 0 ? REASON_INTERNAL : (enum reason)known;
	char text[200];

	text_clean(text, sizeof(text), said ? said : "");
	return error_set(
	        err, -EACCES, reason, "%s%s%s", reason_title(reason), text[0] ? ": " : "", text);
}

int escrow_socket_order(
        struct escrow_socket *s, json_t *question, int seconds, json_t **ret, struct error *err)
{
	json_t *answer;
	int r = escrow_socket_ask(s, question, seconds, &answer, err);

	if (r < 0)
		return r;
	if (!json_is_true(json_object_get(answer, "ok")))
		r = refused(answer, err);
	if (r == 0 && ret)
		*ret = json_incref(answer);
	json_decref(answer);
	return r;
}
