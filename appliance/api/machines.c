/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fleet as a list, by filter, as JSON and as CSV. */
#include "appliance/api/call.h"
#include "appliance/fleet/filter.h"
#include "appliance/fleet/loader.h"
#include "appliance/api/row.h"
#include "appliance/fleet/operator.h"
#include "fixer/base/csv.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"
#include "netmend/version.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	struct machine_filter *filter;
	struct error *err;
};

static int argument_add(const char *name, const char *value, void *context)
{
	struct arguments *a = context;

	return filter_add(a->filter, name, value, a->err);
}

bool call_filter(struct http_request *r, struct machine_filter *ret)
{
	struct error err = {0};
	struct arguments a = {.filter = ret, .err = &err};

	*ret = (struct machine_filter){0};
	int e = http_arguments(r, argument_add, &a);
	if (e == 0)
		return true;
	filter_free(ret);
	if (err.code)
		call_refuse(r, &err);
	else
		call_failed(r, "filter", e);
	return false;
}

/* ---- a list, written while it is sent, some rows at a time: ten thousand neither take room nor
 * keep machines waiting ---- */

#define ROWS_AT_ONCE 100
#define PIECE_MAX    ((size_t)ROWS_AT_ONCE * 16 * 1024)

struct list_kind {
	const char *type;
	int (*begin)(struct buffer *out);
	int (*row)(struct buffer *out, const struct machine *m);
	const char *between, *end;
};

struct list {
	const struct list_kind *kind;
	struct store *store;
	struct machine_filter filter;
	struct buffer piece; /* to be sent next */
	int64_t after;       /* number of the last machine looked at */
	size_t looked, chosen;
	bool ended;
};

static int list_each(const struct machine *m, void *context)
{
	struct list *list = context;
	const struct list_kind *kind = list->kind;

	list->looked++;
	list->after = m->id;
	if (!machine_matches(&list->filter, m))
		return 0;
	int r = list->chosen++ > 0
	                ? buffer_append(&list->piece, kind->between, strlen(kind->between))
	                : 0;
	return r < 0 ? r : kind->row(&list->piece, m);
}

/* Until there is a piece; none at the end. */
static int list_go_on(struct list *list)
{
	int r = 0;

	while (r == 0 && list->piece.len == 0 && !list->ended) {
		list->looked = 0;
		r = store_machines_from(list->store, list->after, ROWS_AT_ONCE, list_each, list);
		list->ended = list->looked < ROWS_AT_ONCE;
		if (r == 0 && list->ended)
			r = buffer_append(&list->piece, list->kind->end, strlen(list->kind->end));
	}
	return r;
}

static enum http_fill list_fill(void *state, struct buffer *out, bool timeout)
{
	struct list *list = state;
	int r = list_go_on(list);

	(void)timeout;
	if (r == 0 && list->piece.len == 0)
		return HTTP_FILL_END;
	if (r == 0)
		r = buffer_append(out, list->piece.data, list->piece.len);
	buffer_reset(&list->piece);
	if (r == 0)
		return HTTP_FILL_MORE;
	log_error("machines, after number %lld: %s", (long long)list->after, strerror(-r));
	return HTTP_FILL_BROKEN;
}

static void list_free(void *state)
{
	struct list *list = state;

	filter_free(&list->filter);
	buffer_free(&list->piece);
	free(list);
}

static void list_reply(struct http_request *r, struct web_api *a, const struct list_kind *kind)
{
	struct list *list = calloc(1, sizeof(*list));

	if (!list) {
		call_failed(r, "machines", -ENOMEM);
		return;
	}
	list->kind = kind;
	list->store = a->fleet->store;
	buffer_init(&list->piece, PIECE_MAX);
	if (!call_filter(r, &list->filter)) {
		list_free(list);
		return;
	}
	/* A store that is away is told of while there is a status to tell it with. */
	int64_t sequence;
	int e = store_sequence(list->store, &sequence);
	if (e == 0)
		e = kind->begin(&list->piece);
	if (e < 0) {
		list_free(list);
		call_failed(r, "machines", e);
		return;
	}
	const struct http_stream_options options = {
	        .type = kind->type, .fill = list_fill, .end = list_free, .state = list};
	http_reply_stream(r, &options);
}

static int json_begin(struct buffer *out)
{
	return buffer_printf(out, "{\"v\":%d,\"machines\":[", NETMEND_WIRE_VERSION);
}

void web_api_machines(struct http_request *r, struct web_api *a)
{
	static const struct list_kind json = {.type = "application/json",
	        .begin = json_begin,
	        .row = row_append,
	        .between = ",",
	        .end = "]}"};

	list_reply(r, a, &json);
}

/* ---- CSV ---- */

static const char *const headings[] = {"number", "name", "mac", "address", "uuid", "serial",
        "product", "state", "reason", "severity", "what", "to do", "who acts", "text", "attempt",
        "since", "first seen", "last seen", "in scope", "held", "repaired", "campaign", "wave",
        "its turn", "listed", "site", "floor", "owner", "ring", "bmc", "order", "conflict",
        "appliance", "loader", "network first", "safe mode"};
#define COLUMNS     (sizeof(headings) / sizeof(headings[0]))
#define NUMBER_TEXT 24

static const char *number(char out[NUMBER_TEXT], int64_t value)
{
	(void)snprintf(out, NUMBER_TEXT, "%" PRId64, value);
	return out;
}

/* UTC, ISO 8601; "" for never. */
static const char *time_cell(char out[ISO8601_TEXT], int64_t ms)
{
	out[0] = 0;
	if (ms > 0)
		iso8601_format(ms * 1000000, out);
	return out;
}

static const char *yes(bool value)
{
	return value ? "yes" : "";
}

static int row_write(struct buffer *out, const char *const cells[COLUMNS])
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < COLUMNS; i++)
		r = csv_append(out, i == 0, cells[i]);
	return r < 0 ? r : buffer_append(out, CSV_ROW_END, strlen(CSV_ROW_END));
}

static int csv_begin(struct buffer *out)
{
	return row_write(out, headings);
}

static int csv_row(struct buffer *out, const struct machine *m)
{
	char n[5][NUMBER_TEXT], t[3][ISO8601_TEXT], name[NM_MAX_NAME + 1];

	fleet_machine_name(m, name);
	const char *const cells[COLUMNS] = {number(n[0], m->id), name, m->mac, m->ip,
	        machine_uuid(m), machine_serial(m), m->product, machine_state_name(m->state),
	        reason_code(m->reason), reason_severity(m->reason), reason_title(m->reason),
	        reason_advice(m->reason), reason_actor(m->reason), m->text,
	        number(n[1], m->attempt), time_cell(t[0], m->since), time_cell(t[1], m->first_seen),
	        time_cell(t[2], m->last_seen), yes(m->in_scope), yes(m->held), yes(m->done),
	        m->campaign ? number(n[2], m->campaign) : "", m->wave ? number(n[3], m->wave) : "",
	        yes(m->open), yes(m->listed), m->site, m->floor, m->owner, m->ring, m->bmc,
	        m->rank ? number(n[4], m->rank) : "", m->conflict, m->appliance,
	        m->loader == MACHINE_LOADER_AUTO ? "" : loader_name(m->loader),
	        yes(m->boot_order == MACHINE_BOOT_ORDER_NETWORK),
	        m->safe_mode > MACHINE_SAFE_MODE_NONE ? machine_safe_mode_name(m->safe_mode) : ""};

	return row_write(out, cells);
}

void web_api_machines_csv(struct http_request *r, struct web_api *a)
{
	static const struct list_kind csv = {.type = "text/csv; charset=utf-8",
	        .begin = csv_begin,
	        .row = csv_row,
	        .between = "",
	        .end = ""};

	list_reply(r, a, &csv);
}
