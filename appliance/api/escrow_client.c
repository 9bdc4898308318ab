/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/escrow_client_private.h"
#include "appliance/api/escrow_question.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_EVERY_MS 5000
#define MISUSE_KEPT     64

json_t *escrow_client_status(const struct escrow_client *e)
{
	return e->status;
}

json_t *escrow_client_requests(const struct escrow_client *e)
{
	return e->requests;
}

struct escrow_figures escrow_client_figures(const struct escrow_client *e)
{
	return e->figures;
}

void escrow_client_tick(struct escrow_client *e, int64_t now)
{
	int r = 0;

	if (e->source.fd < 0) {
		r = client_connect(e);
		if (r < 0) {
			client_status_set(e, escrow_status_lost(e->status, strerror(-r)));
			return;
		}
		e->status_asked = 0;
	}
	r = client_misuse_send(e);
	if (r == 0 && (e->status_asked == 0 || now - e->status_asked >= STATUS_EVERY_MS)) {
		e->status_asked = now;
		r = client_ask(e, OP_STATUS, 0, json_pack("{s:s}", "op", "status"));
		/* Who has asked once is told when the list changes; this is for what got lost, an
		 * answer among it. */
		e->requests_asked = false;
		if (r == 0)
			client_requests_ask(e);
	}
	if (r < 0 && r != -EAGAIN)
		client_disconnect(e, strerror(-r));
}

/* ---- what is asked ---- */

int escrow_client_release(struct escrow_client *e, const struct store_session *session,
        const char *secret, const struct machine *m, const char *address,
        const struct store_turn *turn)
{
	return client_ask(e, OP_RELEASE, session->id,
	        escrow_question_release(session, secret, m, address, turn));
}

int escrow_client_box(struct escrow_client *e, const char *op, const char *box, const char *address,
        const char *by, int64_t ticket)
{
	return client_ask(e, OP_BOX, ticket, escrow_question_box(op, box, address, by));
}

int escrow_client_power(
        struct escrow_client *e, const struct escrow_power_order *order, int64_t ticket)
{
	return client_ask(e, OP_POWER, ticket,
	        json_pack("{s:s, s:s, s:o, s:s, s:b, s:s, s:s, s:s}", "op", "power", "order",
	                order->order, "machine", escrow_power_machine(order->machine, order->macs),
	                "firmware", "auto", "other", order->other, "image", order->image, "by",
	                order->by, "why", order->why));
}

int escrow_client_bmcs_known(struct escrow_client *e, json_t *machines)
{
	return client_ask(
	        e, OP_BMCS, 0, json_pack("{s:s, s:o}", "op", "bmc_known", "machines", machines));
}

void escrow_client_misuse(
        struct escrow_client *e, enum reason reason, const struct machine *m, const char *address)
{
	unsigned kept = 0;

	for (size_t i = 0; i < QUESTION_BUCKETS; i++)
		for (const struct question *q = e->questions[i]; q; q = q->next)
			kept += q->op == OP_MISUSE;
	int r = kept < MISUSE_KEPT ? 0 : -ENOBUFS;
	if (r == 0)
		r = client_ask(e, OP_MISUSE, 0, escrow_question_misuse(reason, m, address));
	if (r < 0)
		log_warning("%s by %s could not be reported to escrow: %s", reason_code(reason),
		        address, strerror(-r));
}

int escrow_client_new(const struct escrow_client_options *options, struct escrow_client **ret)
{
	struct escrow_client *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->options = *options;
	e->source = (struct loop_source){.fd = -1, .ready = client_ready, .context = e};
	e->next_id = 1;
	e->status = escrow_status_lost(NULL, "not connected yet");
	e->requests = json_array();
	e->requests_coming = json_array();
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
	for (size_t i = 0; i < QUESTION_BUCKETS; i++) {
		while (e->questions[i]) {
			struct question *q = e->questions[i];
			e->questions[i] = q->next;
			client_question_free(q);
		}
	}
	json_decref(e->status);
	json_decref(e->requests);
	json_decref(e->requests_coming);
	free(e);
}
