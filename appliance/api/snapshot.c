/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/snapshot.h"
#include "appliance/api/call.h"
#include "appliance/api/packed.h"
#include "appliance/api/row.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AT_ONCE 100
#define SLICE_MAX    ((size_t)ROWS_AT_ONCE * 16 * 1024)
#define HEAD_MAX     ((size_t)256 * 1024)
#define WAIT_MS      30000 /* then a request looks again whether it still waits */
#define KEPT_MS      2000  /* whoever was woken has fetched it by then */

struct look {
	uint64_t number;
	int64_t seq;
	struct packed *rows;
	int error; /* it failed: negative errno; rows is NULL */
};

struct snapshots {
	struct look taken;  /* the last one; number 0: none */
	struct look taking; /* the one under way; number 0: none */
	uint64_t begun;     /* so many looks so far */
	uint64_t wanted;    /* number of the last one somebody waits for */
	int64_t since, ended, not_before;
	int64_t after; /* number of the last machine taken */
	size_t rows;   /* taken so far */
	struct buffer slice;
};

void snapshots_free(struct snapshots *s)
{
	if (!s)
		return;
	packed_drop(s->taken.rows);
	packed_drop(s->taking.rows);
	buffer_free(&s->slice);
	free(s);
}

void snapshots_forget(struct web_api *a, int64_t now)
{
	struct snapshots *s = a->snapshots;

	if (!s || !s->taken.number || now - s->ended < KEPT_MS)
		return;
	packed_drop(s->taken.rows);
	s->taken = (struct look){0};
}

/* ---- taking one ---- */

static int row_take(const struct machine *m, void *context)
{
	struct snapshots *s = context;

	int r = s->rows > 0 ? buffer_append(&s->slice, ",", 1) : 0;
	s->rows++;
	s->after = m->id;
	return r < 0 ? r : row_append(&s->slice, m);
}

/* 1: there may be more, 0: that was all. */
static int slice_take(struct snapshots *s, struct store *store)
{
	size_t before = s->rows;

	buffer_reset(&s->slice);
	int r = store_machines_from(store, s->after, ROWS_AT_ONCE, row_take, s);
	bool more = s->rows - before == ROWS_AT_ONCE;
	if (r == 0 && !more)
		r = buffer_append(&s->slice, "]}", 2);
	if (r == 0)
		r = packed_add(s->taking.rows, s->slice.data, s->slice.len);
	if (r == 0 && !more)
		r = packed_end(s->taking.rows);
	return r < 0 ? r : more;
}

static int look_begin(struct snapshots *s, struct store *store, int64_t now)
{
	s->taking = (struct look){.number = ++s->begun};
	s->since = now;
	s->after = 0;
	s->rows = 0;
	buffer_init(&s->slice, SLICE_MAX);
	/* Before the rows: a change in between is told twice rather than never. */
	int r = store_sequence(store, &s->taking.seq);
	if (r < 0)
		return r;
	s->taking.rows = packed_new();
	return s->taking.rows ? 0 : -ENOMEM;
}

static void look_end(struct snapshots *s, int error)
{
	int64_t now = http_clock();

	buffer_free(&s->slice);
	if (error < 0) {
		packed_drop(s->taking.rows);
		s->taking.rows = NULL;
		s->taking.error = error;
	}
	packed_drop(s->taken.rows);
	s->taken = s->taking;
	s->taking = (struct look){0};
	s->ended = now;
	s->not_before = now + (now - s->since);
}

int web_api_snapshot_run(struct web_api *a, int64_t now)
{
	struct snapshots *s = a->snapshots;
	int r = 0;

	if (!s || (!s->taking.number && s->wanted <= s->begun))
		return -1;
	if (!s->taking.number) {
		if (now < s->not_before)
			return (int)(s->not_before - now);
		r = look_begin(s, a->fleet->store, now);
	}
	if (r == 0)
		r = slice_take(s, a->fleet->store);
	if (r > 0)
		return 0;
	look_end(s, r);
	http_wake(a->https, WAKE_SNAPSHOT);
	return 0;
}

/* ---- answering ---- */

static void look_reply(struct http_request *r, struct web_api *a, const struct look *look)
{
	struct buffer head;
	json_t *appliance = call_appliance(a);
	char *text = appliance ? json_dumps(appliance, JSON_COMPACT) : NULL;

	json_decref(appliance);
	buffer_init(&head, HEAD_MAX);
	int e = text ? buffer_printf(&head,
	                       "{\"v\":%d,\"seq\":%lld,\"now\":%lld,\"appliance\":%s,"
	                       "\"machines\":[",
	                       NETMEND_WIRE_VERSION, (long long)look->seq,
	                       (long long)a->fleet->clock(), text)
	             : -ENOMEM;
	free(text);
	if (e == 0)
		packed_reply(r, "application/json", &head, look->rows);
	else
		call_failed(r, "snapshot", e);
	buffer_free(&head);
}

/* The number of the look this request waits for; NULL without memory. */
static const uint64_t *wish_of(struct http_request *r, struct web_api *a)
{
	if (!a->snapshots)
		a->snapshots = calloc(1, sizeof(*a->snapshots));
	if (a->snapshots && !r->state) {
		uint64_t *wish = malloc(sizeof(*wish));
		if (wish)
			*wish = a->snapshots->wanted = a->snapshots->begun + 1;
		r->state = wish;
	}
	return r->state;
}

void web_api_snapshot(struct http_request *r, struct web_api *a)
{
	const uint64_t *wish = wish_of(r, a);
	struct snapshots *s = a->snapshots;

	if (!wish) {
		call_failed(r, "snapshot", -ENOMEM);
		return;
	}
	if (s->taken.number >= *wish && s->taken.error < 0) {
		call_failed(r, "snapshot", s->taken.error);
		return;
	}
	if (s->taken.number >= *wish) {
		look_reply(r, a, &s->taken);
		return;
	}
	/* What it waited for is gone before it came to fetch it: it gets the next one. */
	if (*wish <= s->begun && s->taking.number == 0)
		s->wanted = s->begun + 1;
	http_suspend(r, WAKE_SNAPSHOT, http_clock() + WAIT_MS);
}
