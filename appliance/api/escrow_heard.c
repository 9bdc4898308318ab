/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/escrow_client_private.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Takes over now; true when it is another one than before. */
static bool replace(json_t **known, json_t *now)
{
	if (!now)
		return false;
	bool changed = !json_equal(*known, now);
	json_decref(*known);
	*known = now;
	return changed;
}

void client_status_set(struct escrow_client *e, json_t *status)
{
	if (replace(&e->status, status))
		e->options.status_changed(e->options.context);
}

void client_requests_set(struct escrow_client *e, json_t *requests)
{
	if (replace(&e->requests, requests))
		e->options.requests_changed(e->options.context);
}

/* ---- what comes ---- */

/* More than one looks through by hand; the command line tells of all. */
#define REQUESTS_MAX 4000

static void requests_ask_on(struct escrow_client *e)
{
	json_int_t had = (json_int_t)json_array_size(e->requests_coming);

	e->requests_asked = client_ask(e, OP_REQUESTS, e->requests_reading,
	                            json_pack("{s:s, s:I}", "op", "requests", "skip", had)) == 0;
}

void client_requests_ask(struct escrow_client *e)
{
	e->requests_stale = e->requests_asked;
	if (e->requests_asked)
		return;
	(void)json_array_clear(e->requests_coming);
	e->requests_reading++;
	requests_ask_on(e);
}

/* One part of the list; the empty one is its end. NULL: it could not be understood. */
static void requests_answer(struct escrow_client *e, json_t *part)
{
	bool more = json_array_size(part) > 0 && json_array_extend(e->requests_coming, part) == 0 &&
	            json_array_size(e->requests_coming) < REQUESTS_MAX;

	e->requests_asked = false;
	if (more)
		requests_ask_on(e);
	else if (part)
		client_requests_set(e, json_copy(e->requests_coming));
	json_decref(part);
	if (!e->requests_asked && e->requests_stale)
		client_requests_ask(e);
}

/* status has been judged; what is no number reads as 0. */
static void figures_take(struct escrow_client *e, json_t *status)
{
	json_t *waiting = json_object_get(json_object_get(status, "waiting"), "machines");

	e->figures.released = json_integer_value(json_object_get(status, "released"));
	e->figures.waiting = json_integer_value(waiting);
	json_t *bmcs = json_object_get(status, "bmcs");
	e->figures.bmcs = json_integer_value(json_object_get(bmcs, "count"));
	e->figures.bmc_revision = json_integer_value(json_object_get(bmcs, "revision"));
	e->figures.driven = json_is_true(json_object_get(bmcs, "driven"));
}

static void answer(struct escrow_client *e, const struct question *q, json_t *json)
{
	struct escrow_release release;
	struct escrow_power power;
	struct error err = {0};
	json_t *page = NULL;
	int r = 0;

	switch (q->op) {
	case OP_STATUS:
		r = escrow_status_parse(json, &page, &err);
		if (r == 0)
			figures_take(e, json);
		client_status_set(e, page);
		break;
	case OP_REQUESTS:
		r = escrow_requests_parse(json, &page, &err);
		/* A part of a list that was given up is no part of the one that is read now. */
		if (q->about == e->requests_reading)
			requests_answer(e, page);
		else
			json_decref(page);
		break;
	case OP_RELEASE:
		r = escrow_release_parse(json, &release, &err);
		e->options.released(e->options.context, q->about, r < 0 ? NULL : &release);
		break;
	case OP_BOX:
		r = escrow_box_parse(json, &page, &err);
		e->options.boxed(e->options.context, q->about, page);
		json_decref(page);
		break;
	case OP_POWER:
		r = escrow_power_parse(json, &power, &err);
		e->options.powered(e->options.context, q->about, r < 0 ? NULL : &power);
		if (r == 0)
			escrow_power_clear(&power);
		break;
	case OP_BMCS:
		r = escrow_bmcs_parse(json, &page, &err);
		e->options.bmcs_known(e->options.context, page);
		json_decref(page);
		break;
	case OP_MISUSE:
		if (!json_is_true(json_object_get(json, "ok")))
			log_warning("escrow: a report of misuse was not taken");
		break;
	}
	if (r < 0)
		log_error("escrow's answer: %s", err.text);
}

static void message(struct escrow_client *e, const char *text, size_t len)
{
	struct escrow_message m;
	struct error err = {0};

	if (escrow_message_parse(text, len, &m, &err) < 0) {
		log_warning("escrow: %s", err.text);
		return;
	}
	if (m.kind == ESCROW_NEWS_RELEASE) {
		e->options.news(e->options.context, m.session);
	} else if (m.kind == ESCROW_NEWS_REQUESTS) {
		client_requests_ask(e);
	} else {
		struct question *q = client_question_take(e, m.id);
		if (q)
			answer(e, q, m.json);
		else
			log_warning("escrow: an answer to nothing that was asked");
		client_question_free(q);
	}
	json_decref(m.json);
}

void client_ready(void *context, uint32_t events)
{
	struct escrow_client *e = context;
	static char text[NM_ESCROW_MESSAGE_MAX];

	(void)events;
	ssize_t n = recv(e->source.fd, text, sizeof(text), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		client_disconnect(
		        e, n == 0 ? "the escrow service closed the connection" : strerror(errno));
	else if ((size_t)n > sizeof(text))
		log_warning("escrow: an answer larger than %zu bytes", sizeof(text));
	else
		message(e, text, (size_t)n);
}
