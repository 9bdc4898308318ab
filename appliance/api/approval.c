/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/api/escrow_keys.h"
#include "appliance/api/gate.h"
#include "appliance/api/input.h"
#include "appliance/fleet/operator.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"
#include "netmend/version.h"

#include <stdlib.h>
#include <string.h>

/* Escrow hashes a passphrase and writes a record for each request of a group. */
#define ANSWER_MS 30000
/* It goes through 20 MB of keys. */
#define KEYS_MS 120000
/* Boxes on their way at the same time. */
#define EXCHANGES_MAX 64
/* Ephemeral key, IV, tag. */
#define BOX_MIN (65 + 12 + 16)

/* A box on its way and what became of it. Found by its ticket, as the page may be gone meanwhile.
 */
struct exchange {
	struct exchange *next;
	int64_t ticket, until; /* until: by http_clock() */
	struct actor by;       /* of keys: when they are stored, that is recorded */
	bool answered;
	json_t *answer; /* NULL: there will be none */
};

static struct exchange *exchange_find(struct web_api *a, int64_t ticket)
{
	struct exchange *x = a->exchanges;

	while (x && x->ticket != ticket)
		x = x->next;
	return x;
}

/* NULL: no memory, or too many. */
static struct exchange *exchange_new(struct web_api *a, int64_t patience)
{
	struct exchange *x = a->exchange_count < EXCHANGES_MAX ? calloc(1, sizeof(*x)) : NULL;

	if (!x)
		return NULL;
	x->ticket = ++a->tickets;
	x->until = http_clock() + patience;
	x->next = a->exchanges;
	a->exchanges = x;
	a->exchange_count++;
	return x;
}

static void exchange_end(struct web_api *a, struct exchange *gone)
{
	struct exchange **x = &a->exchanges;

	while (*x != gone)
		x = &(*x)->next;
	*x = gone->next;
	a->exchange_count--;
	json_decref(gone->answer);
	free(gone);
}

void approval_forget(struct web_api *a, int64_t now)
{
	for (struct exchange *x = a->exchanges, *next; x; x = next) {
		next = x->next;
		if (now > x->until)
			exchange_end(a, x);
	}
}

/* The person may be gone meanwhile: recorded when escrow says so, not when he is told. */
static void keys_record(struct web_api *a, const struct exchange *x)
{
	json_t *keys = json_object_get(x->answer, "keys");
	struct escrow_keys_sum sum;

	if (!json_is_true(json_object_get(keys, "stored")))
		return;
	escrow_keys_add_up(keys, &sum);
	int e = fleet_keys_stored(a->fleet->store, &x->by, sum.added, sum.present, sum.rejected,
	        json_string_value(json_object_get(keys, "sha256")));
	if (e < 0)
		log_error("keys that %s has brought are stored, but not in the record: %s",
		        x->by.name, strerror(-e));
}

void web_api_boxed(struct web_api *a, int64_t ticket, json_t *answer)
{
	struct exchange *x = exchange_find(a, ticket);

	if (!x)
		return;
	x->answered = true;
	x->answer = json_incref(answer);
	keys_record(a, x);
	http_wake(a->https, WAKE_BOX | (uint64_t)ticket);
}

/* The box in the body, borrowed from it (to be dropped); false: refused. */
static bool box_read(struct http_request *r, size_t max, json_t **ret_body, const char **ret_box)
{
	static uint8_t raw[NM_MAX_KEYS_BOX];
	struct error err = {0};
	const char *box;
	json_t *body;
	size_t len;
	int v;

	if (!call_body(r, &body))
		return false;
	int e = input_unpack(body, &err, "body", "{s:i, s:s}", "v", &v, "box", &box);
	if (e == 0)
		e = input_version(v, &err);
	if (e == 0)
		e = input_check(
		        base64_decode(box, raw, max, &len) == 0 && len > BOX_MIN, "box", &err);
	if (e < 0) {
		call_refuse(r, &err);
		json_decref(body);
		return false;
	}
	*ret_body = body;
	*ret_box = box;
	return true;
}

static bool box_admit(struct http_request *r, struct web_api *a, bool keys)
{
	unsigned max = box_limits_take(&a->boxes, keys, r->address, http_clock());

	if (max == 0)
		return true;
	http_reply_error(r, 429, REASON_TRY_LATER, "more than %u times in a minute from %s", max,
	        r->address);
	return false;
}

/* by: of keys; else NULL. */
static void box_send(
        struct http_request *r, struct web_api *a, const char *op, const struct actor *by)
{
	json_t *body;
	const char *box;

	if (!box_admit(r, a, by != NULL) ||
	        !box_read(r, by ? NM_MAX_KEYS_BOX : NM_MAX_BOX, &body, &box))
		return;
	struct exchange *x = exchange_new(a, by ? KEYS_MS : ANSWER_MS);
	if (x && by)
		x->by = *by;
	int64_t *ticket = x ? malloc(sizeof(*ticket)) : NULL;
	if (!ticket) {
		if (x)
			exchange_end(a, x);
		http_reply_error(r, 503, REASON_TRY_LATER, "too many at the same time");
	} else if (escrow_client_box(
	                   a->escrow, op, box, r->address, by ? by->name : NULL, x->ticket) < 0) {
		free(ticket);
		exchange_end(a, x);
		http_reply_error(r, 503, REASON_ESCROW_UNREACHABLE,
		        "the escrow service does not answer: nothing was done");
	} else {
		*ticket = x->ticket;
		r->state = ticket;
		http_suspend(r, WAKE_BOX | (uint64_t)x->ticket, x->until);
	}
	json_decref(body);
}

static void box_answer(struct http_request *r, struct web_api *a)
{
	const int64_t *ticket = r->state;
	struct exchange *x = exchange_find(a, *ticket);

	if (x && x->answer) {
		http_reply_json(r, 200, json_incref(x->answer));
	} else if (x && !x->answered && http_clock() < x->until) {
		http_suspend(r, WAKE_BOX | (uint64_t)x->ticket, x->until);
		return;
	} else {
		http_reply_error(r, 503, REASON_ESCROW_UNREACHABLE,
		        "the escrow service took it and did not answer: look at the list again");
	}
	if (x)
		exchange_end(a, x);
}

void web_api_decide(struct http_request *r, struct web_api *a)
{
	if (r->state)
		box_answer(r, a);
	else
		box_send(r, a, "decide", NULL);
}

void web_api_enter(struct http_request *r, struct web_api *a)
{
	if (r->state)
		box_answer(r, a);
	else
		box_send(r, a, "enter", NULL);
}

void web_api_keys_import(struct http_request *r, struct web_api *a, const struct caller *who)
{
	if (r->state)
		box_answer(r, a);
	else
		box_send(r, a, "keys", &who->actor);
}

void web_api_requests(struct http_request *r, struct web_api *a)
{
	http_reply_json(r, 200,
	        json_pack("{s:i, s:O}", "v", NETMEND_WIRE_VERSION, "requests",
	                escrow_client_requests(a->escrow)));
}
