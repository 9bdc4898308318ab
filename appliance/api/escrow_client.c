/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/escrow_client.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STATUS_EVERY_MS 5000

/* A question without its answer yet. session is 0 for a status. */
struct question {
	struct question *next;
	int64_t id, session;
};

struct escrow_client {
	struct escrow_client_options options;
	struct loop_source source; /* fd -1: not connected */
	struct question *questions;
	int64_t next_id;
	int64_t status_asked; /* by the caller's clock */
	struct escrow_status status;
};

const struct escrow_status *escrow_client_status(const struct escrow_client *e)
{
	return &e->status;
}

static void status_set(struct escrow_client *e, bool ok, int64_t keys, const char *text)
{
	struct escrow_status *s = &e->status;

	if (s->ok == ok && s->keys == keys && strcmp(s->text, text) == 0)
		return;
	s->ok = ok;
	s->keys = keys;
	(void)snprintf(s->text, sizeof(s->text), "%s", text);
	e->options.changed(e->options.context);
}

static void disconnect(struct escrow_client *e, const char *why)
{
	if (e->source.fd >= 0) {
		log_warning("escrow: %s", why);
		loop_remove(e->options.loop, &e->source);
		(void)close(e->source.fd);
		e->source.fd = -1;
	}
	status_set(e, false, e->status.keys, why);
	while (e->questions) {
		struct question *q = e->questions;
		e->questions = q->next;
		if (q->session)
			e->options.answer(e->options.context, q->session, NULL);
		free(q);
	}
}

/* Takes the question of this id out of the list; NULL when nobody asked. */
static struct question *question_take(struct escrow_client *e, int64_t id)
{
	for (struct question **q = &e->questions; *q; q = &(*q)->next) {
		if ((*q)->id != id)
			continue;
		struct question *found = *q;
		*q = found->next;
		return found;
	}
	return NULL;
}

static void status_answer(struct escrow_client *e, json_t *answer)
{
	int ok = json_is_true(json_object_get(answer, "ok"));
	json_int_t keys = json_integer_value(json_object_get(answer, "keys"));

	status_set(e, ok, keys < 0 ? 0 : keys, ok ? "" : "escrow reports that it cannot work");
}

static void message(struct escrow_client *e, const char *text, size_t len)
{
	json_error_t where;
	json_t *answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	json_t *id = json_object_get(answer, "id");
	bool fits = json_integer_value(json_object_get(answer, "v")) == NETMEND_WIRE_VERSION;
	struct question *q =
	        fits && json_is_integer(id) ? question_take(e, json_integer_value(id)) : NULL;

	if (!q)
		log_warning("escrow: an answer to nothing that was asked");
	else if (q->session)
		e->options.answer(e->options.context, q->session, answer);
	else
		status_answer(e, answer);
	free(q);
	json_decref(answer);
}

static void ready(void *context, uint32_t events)
{
	struct escrow_client *e = context;
	static char text[NM_ESCROW_MESSAGE_MAX];

	(void)events;
	ssize_t n = recv(e->source.fd, text, sizeof(text), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		disconnect(
		        e, n == 0 ? "the escrow service closed the connection" : strerror(errno));
	else if ((size_t)n > sizeof(text))
		log_warning("escrow: an answer larger than %zu bytes", sizeof(text));
	else
		message(e, text, (size_t)n);
}

static int connect_now(struct escrow_client *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(e->options.path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", e->options.path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* A local socket connects at once or not at all. */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	e->source.fd = fd;
	int r = loop_add(e->options.loop, &e->source, EPOLLIN);
	if (r < 0) {
		(void)close(fd);
		e->source.fd = -1;
	}
	return r;
}

/* Takes over json (without "v" and "id"). */
static int ask(struct escrow_client *e, int64_t session, json_t *json)
{
	struct question *q = calloc(1, sizeof(*q));
	char *text = NULL;
	int r = -ENOMEM;

	if (q && json && json_object_set_new(json, "v", json_integer(NETMEND_WIRE_VERSION)) == 0 &&
	        json_object_set_new(json, "id", json_integer(e->next_id)) == 0)
		text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text) {
		r = 0;
		if (send(e->source.fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			r = -errno;
		free(text);
	}
	if (r < 0) {
		free(q);
		return r;
	}
	q->id = e->next_id++;
	q->session = session;
	q->next = e->questions;
	e->questions = q;
	return 0;
}

/* The part of a session's volumes escrow needs: ids, and protectors with a blob. */
static json_t *volumes_for_escrow(const char *text)
{
	json_t *volumes = json_loads(text, 0, NULL), *out = json_array(), *volume, *protector;
	size_t i, k;

	json_array_foreach(volumes, i, volume)
	{
		json_t *protectors = json_array();
		json_array_foreach(json_object_get(volume, "protectors"), k, protector)
		{
			if (json_object_get(protector, "blob"))
				(void)json_array_append_new(protectors,
				        json_pack("{s:O, s:O, s:O}", "id",
				                json_object_get(protector, "id"), "salt",
				                json_object_get(protector, "salt"), "blob",
				                json_object_get(protector, "blob")));
		}
		json_t *id = json_object_get(volume, "id");
		if (json_array_size(protectors) > 0 && json_string_length(id) > 0)
			(void)json_array_append_new(
			        out, json_pack("{s:O, s:o}", "id", id, "protectors", protectors));
		else
			json_decref(protectors);
	}
	json_decref(volumes);
	return out;
}

int escrow_client_release(struct escrow_client *e, const struct store_session *session,
        const char *secret, const struct machine *m)
{
	if (e->source.fd < 0)
		return -ENOTCONN;
	return ask(e, session->id,
	        json_pack("{s:s, s:s, s:s, s:{s:I, s:s, s:s, s:s, s:s, s:s}, s:o}", "op", "release",
	                "session", secret, "key", session->key, "machine", "id", (json_int_t)m->id,
	                "name", m->name, "uuid", m->uuid, "serial", m->serial, "mac", m->mac, "ip",
	                m->ip, "volumes", volumes_for_escrow(session->volumes)));
}

void escrow_client_tick(struct escrow_client *e, int64_t now)
{
	if (e->source.fd < 0) {
		int r = connect_now(e);
		if (r < 0) {
			status_set(e, false, e->status.keys, strerror(-r));
			return;
		}
		e->status_asked = 0;
	}
	if (e->status_asked != 0 && now - e->status_asked < STATUS_EVERY_MS)
		return;
	e->status_asked = now;
	int r = ask(e, 0, json_pack("{s:s}", "op", "status"));
	if (r < 0 && r != -EAGAIN)
		disconnect(e, strerror(-r));
}

int escrow_client_new(const struct escrow_client_options *options, struct escrow_client **ret)
{
	struct escrow_client *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->options = *options;
	e->source = (struct loop_source){.fd = -1, .ready = ready, .context = e};
	e->next_id = 1;
	(void)snprintf(e->status.text, sizeof(e->status.text), "not connected yet");
	*ret = e;
	return 0;
}

void escrow_client_free(struct escrow_client *e)
{
	if (!e)
		return;
	if (e->source.fd >= 0) {
		loop_remove(e->options.loop, &e->source);
		(void)close(e->source.fd);
	}
	while (e->questions) {
		struct question *q = e->questions;
		e->questions = q->next;
		free(q);
	}
	free(e);
}
