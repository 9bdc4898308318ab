/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders on their way to escrow and back, and looks that a person waits for. */
#include "appliance/api/power.h"
#include "appliance/http/http.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOKS_MAX 32
/* Tickets of looks are negative, those of orders are the orders' numbers. */

struct look {
	struct look *next;
	int64_t ticket, machine, until; /* until: by http_clock() */
	bool answered;
	json_t *answer; /* NULL: none will come */
};

struct web_power {
	struct web_power_options options;
	struct power_known *known;
	struct knocks *knocks;
	struct look *looks;
	size_t look_count;
	int64_t tickets;
	bool failed;
};

/* ---- orders ---- */

static int hand_to_escrow(struct web_power *p, const struct fleet_power_question *q)
{
	const struct escrow_power_order order = {.order = power_what_name(q->what),
	        .by = q->by,
	        .why = q->why,
	        .image = q->image,
	        .other = q->other,
	        .machine = &q->machine,
	        .macs = q->macs};

	return escrow_client_power(p->options.escrow, &order, q->order);
}

static void answered(struct web_power *p, int64_t order, const struct fleet_power_answer *answer)
{
	int r = fleet_power_answered(p->options.fleet, order, answer);

	if (r < 0)
		log_error("power order %lld: %s", (long long)order, strerror(-r));
}

static void refused(struct web_power *p, int64_t order, enum reason reason, const char *text)
{
	const struct fleet_power_answer a = {
	        .reason = reason, .text = text, .type = "", .address = "", .power = "", .boot = ""};

	answered(p, order, &a);
}

static void knocked(void *context, const struct fleet_power_question *q, const char *alive)
{
	struct web_power *p = context;
	char text[200];

	if (alive[0]) {
		(void)snprintf(text, sizeof(text),
		        "not touched: %s, so it is up; --force switches it nevertheless", alive);
		refused(p, q->order, REASON_POWER_ALIVE, text);
	} else if (hand_to_escrow(p, q) < 0) {
		refused(p, q->order, REASON_POWER_TURN,
		        "the escrow service does not take orders just now: nothing was done");
	}
}

static int drive(void *context, const struct fleet_power_question *q)
{
	struct web_power *p = context;

	return q->knock[0] ? knocks_begin(p->knocks, q, http_clock()) : hand_to_escrow(p, q);
}

static void order_answered(struct web_power *p, int64_t order, const struct escrow_power *e)
{
	char *steps = e && e->steps ? json_dumps(e->steps, JSON_COMPACT) : NULL;

	if (e) {
		const struct fleet_power_answer a = {.reason = e->reason,
		        .text = e->text,
		        .type = e->type,
		        .address = e->address,
		        .power = e->power,
		        .boot = e->boot,
		        .steps = steps};
		answered(p, order, &a);
	} else {
		answered(p, order, NULL);
	}
	free(steps);
}

/* ---- looks ---- */

static struct look *look_find(struct web_power *p, int64_t ticket)
{
	struct look *l = p->looks;

	while (l && l->ticket != ticket)
		l = l->next;
	return l;
}

static void look_end(struct web_power *p, struct look *gone)
{
	struct look **l = &p->looks;

	while (*l != gone)
		l = &(*l)->next;
	*l = gone->next;
	p->look_count--;
	json_decref(gone->answer);
	free(gone);
}

static bool look_of(const struct web_power *p, int64_t machine)
{
	for (const struct look *l = p->looks; l; l = l->next)
		if (l->machine == machine && !l->answered)
			return true;
	return false;
}

int web_power_look(struct web_power *p, const struct machine *m, const char *order, const char *by,
        int64_t until, int64_t *ret_ticket)
{
	char macs[4][MAC_TEXT];
	struct escrow_power_order o = {
	        .order = order, .by = by, .why = "", .image = "", .machine = m, .macs = macs};

	if (p->look_count == LOOKS_MAX || look_of(p, m->id))
		return -EBUSY;
	int r = web_power_macs(p->options.fleet->store, m->id, macs);
	if (r == 0)
		r = escrow_client_power(p->options.escrow, &o, -(p->tickets + 1));
	struct look *l = r == 0 ? calloc(1, sizeof(*l)) : NULL;
	if (!l)
		return r < 0 ? r : -ENOMEM;
	*l = (struct look){
	        .next = p->looks, .ticket = ++p->tickets, .machine = m->id, .until = until};
	p->looks = l;
	p->look_count++;
	*ret_ticket = l->ticket;
	return 0;
}

static json_t *look_json(const struct escrow_power *e)
{
	json_t *rows = e->rows ? json_incref(e->rows) : json_array();

	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:I}", "v",
	        NETMEND_WIRE_VERSION, "reason", reason_code(e->reason), "title",
	        reason_title(e->reason), "advice", reason_advice(e->reason), "text", e->text, "bmc",
	        e->address, "type", e->type, "power", e->power, "boot", e->boot, "columns",
	        (json_int_t)e->columns, "rows", rows, "seen", (json_int_t)e->seen);
}

static void look_answered(struct web_power *p, int64_t ticket, const struct escrow_power *e)
{
	struct look *l = look_find(p, ticket);

	if (!l)
		return;
	l->answered = true;
	l->answer = e ? look_json(e) : NULL;
	p->options.looked(p->options.context, ticket);
}

int web_power_look_take(struct web_power *p, int64_t ticket, json_t **ret)
{
	struct look *l = look_find(p, ticket);

	if (!l)
		return -ENOENT;
	if (!l->answered && http_clock() < l->until)
		return 0;
	*ret = json_incref(l->answer);
	look_end(p, l);
	return *ret ? 1 : -ENOENT;
}

static void looks_forget(struct web_power *p, int64_t now)
{
	for (struct look *l = p->looks, *next; l; l = next) {
		next = l->next;
		if (now > l->until + 1000)
			look_end(p, l);
	}
}

/* ---- all of it ---- */

void web_power_powered(struct web_power *p, int64_t ticket, const struct escrow_power *answer)
{
	if (ticket < 0)
		look_answered(p, -ticket, answer);
	else
		order_answered(p, ticket, answer);
}

void web_power_bmcs_known(struct web_power *p, json_t *known)
{
	power_known_answer(p->known, known);
}

void web_power_tick(struct web_power *p, int64_t now)
{
	bool driven = escrow_client_figures(p->options.escrow).driven;

	looks_forget(p, now);
	power_known_tick(p->known, now);
	knocks_tick(p->knocks, now);
	int r = fleet_power_tick(p->options.fleet, driven ? drive : NULL, p);
	if (r < 0 && !p->failed)
		log_error("power orders: %s", strerror(-r));
	p->failed = r < 0;
}

int web_power_new(const struct web_power_options *options, struct web_power **ret)
{
	struct web_power *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->options = *options;
	p->known = power_known_new(options->fleet, options->escrow);
	p->knocks = knocks_new(options->loop, knocked, p);
	if (!p->known || !p->knocks) {
		web_power_free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

void web_power_free(struct web_power *p)
{
	if (!p)
		return;
	while (p->looks)
		look_end(p, p->looks);
	knocks_free(p->knocks);
	power_known_free(p->known);
	free(p);
}
