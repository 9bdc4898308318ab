/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/escrow_client_private.h"
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- questions ---- */

static struct question **bucket_of(struct escrow_client *e, int64_t id)
{
	return &e->questions[(uint64_t)id % QUESTION_BUCKETS];
}

static void question_put(struct escrow_client *e, struct question *q)
{
	struct question **bucket = bucket_of(e, q->id);

	q->next = *bucket;
	*bucket = q;
}

struct question *client_question_take(struct escrow_client *e, int64_t id)
{
	for (struct question **q = bucket_of(e, id); *q; q = &(*q)->next) {
		if ((*q)->id != id)
			continue;
		struct question *found = *q;
		*q = found->next;
		return found;
	}
	return NULL;
}

void client_question_free(struct question *q)
{
	if (q)
		free(q->text);
	free(q);
}

static int transmit(struct escrow_client *e, const char *text)
{
	if (e->source.fd < 0)
		return -ENOTCONN;
	return send(e->source.fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int client_ask(struct escrow_client *e, enum op op, int64_t about, json_t *json)
{
	struct question *q = calloc(1, sizeof(*q));
	int r = -ENOMEM;

	if (q && json && json_object_set_new(json, "v", json_integer(NETMEND_WIRE_VERSION)) == 0 &&
	        json_object_set_new(json, "id", json_integer(e->next_id)) == 0)
		q->text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (q && q->text)
		r = transmit(e, q->text);
	if (r < 0 && !(q && q->text && op == OP_MISUSE)) {
		client_question_free(q);
		return r;
	}
	q->sent = r == 0;
	if (op != OP_MISUSE) {
		free(q->text);
		q->text = NULL;
	}
	q->id = e->next_id++;
	q->op = op;
	q->about = about;
	question_put(e, q);
	return 0;
}

/* ---- losing the connection ---- */

static void unanswered(struct escrow_client *e, const struct question *q)
{
	if (q->op == OP_RELEASE)
		e->options.released(e->options.context, q->about, NULL);
	else if (q->op == OP_BOX)
		e->options.boxed(e->options.context, q->about, NULL);
	else if (q->op == OP_POWER)
		e->options.powered(e->options.context, q->about, NULL);
	else if (q->op == OP_BMCS)
		e->options.bmcs_known(e->options.context, NULL);
}

/* All that were asked, in one list. */
static struct question *questions_take(struct escrow_client *e)
{
	struct question *all = NULL;

	for (size_t i = 0; i < QUESTION_BUCKETS; i++) {
		while (e->questions[i]) {
			struct question *q = e->questions[i];
			e->questions[i] = q->next;
			q->next = all;
			all = q;
		}
	}
	return all;
}

void client_disconnect(struct escrow_client *e, const char *why)
{
	if (e->source.fd >= 0) {
		log_warning("escrow: %s", why);
		loop_remove(e->options.loop, &e->source);
		(void)close(e->source.fd);
		e->source.fd = -1;
	}
	e->requests_asked = e->requests_stale = false;
	client_status_set(e, escrow_status_lost(e->status, why));
	client_requests_set(e, json_array());
	struct question *lost = questions_take(e);
	while (lost) {
		struct question *q = lost;
		lost = q->next;
		if (q->op == OP_MISUSE) {
			q->sent = false;
			question_put(e, q);
			continue;
		}
		unanswered(e, q);
		client_question_free(q);
	}
}

/* ---- connecting ---- */

int client_connect(struct escrow_client *e)
{
	int fd = guard_connect(e->options.path, SOCK_NONBLOCK);

	if (fd < 0)
		return fd;
	e->source.fd = fd;
	int r = loop_add(e->options.loop, &e->source, EPOLLIN);
	if (r < 0) {
		(void)close(fd);
		e->source.fd = -1;
	}
	return r;
}

int client_misuse_send(struct escrow_client *e)
{
	int r = 0;

	for (size_t i = 0; i < QUESTION_BUCKETS; i++) {
		for (struct question *q = e->questions[i]; q && r == 0; q = q->next) {
			if (q->op != OP_MISUSE || q->sent)
				continue;
			r = transmit(e, q->text);
			q->sent = r == 0;
		}
	}
	return r;
}
