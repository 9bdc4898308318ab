/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FEEDS_MAX       256
#define ROWS_AT_ONCE    200
#define SIGN_OF_LIFE_MS 10000
/* Pages are told of a change at most so often; what changes twice in between is told once. */
#define FEED_EVERY_MS 50

/* One page. Nothing is queued for it: it gets the machines whose last event is after its cursor, as
 * they are now. A slow page skips states, never machines. */
struct feed {
	struct web_api *api;
	int64_t cursor;
	unsigned appliance_seen;
	bool begun;
};

struct feed_rows {
	struct feed *feed;
	struct buffer *out;
};

static int message_append(struct buffer *out, const char *event, json_t *data)
{
	char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;

	json_decref(data);
	if (!text)
		return -ENOMEM;
	int r = buffer_printf(out, "event: %s\ndata: %s\n\n", event, text);
	free(text);
	return r;
}

static int row_append(const struct machine *m, void *context)
{
	struct feed_rows *rows = context;

	int r = buffer_printf(rows->out, "id: %lld\n", (long long)m->changed);
	if (r == 0)
		r = message_append(rows->out, "machine", call_row(m));
	if (r == 0)
		rows->feed->cursor = m->changed;
	return r;
}

static void feed_fill(void *state, struct buffer *out, bool timeout)
{
	struct feed *f = state;
	struct web_api *a = f->api;
	struct feed_rows rows = {f, out};
	int r = 0;

	if (!f->begun || f->appliance_seen != a->appliance_changes) {
		f->begun = true;
		f->appliance_seen = a->appliance_changes;
		r = message_append(out, "appliance", call_appliance(a));
	}
	if (r == 0)
		r = store_machines(a->fleet->store, f->cursor, ROWS_AT_ONCE, row_append, &rows);
	if (r < 0)
		log_error("page feed: %s", strerror(-r));
	if (out->len == 0 && timeout)
		(void)buffer_append(out, ":\n\n", 3);
}

static void feed_end(void *state)
{
	struct feed *f = state;

	f->api->feeds--;
	free(f);
}

/* Where the page left off: Last-Event-ID when it comes back, ?after= (the snapshot's seq) at first,
 * else now. */
static int cursor_of(const struct http_request *r, struct store *store, int64_t *ret)
{
	const char *text = http_header(r, "Last-Event-ID");
	int64_t newest;
	char *end;

	int e = store_sequence(store, &newest);
	if (e < 0)
		return e;
	if (!text)
		text = http_argument(r, "after");
	if (!text) {
		*ret = newest;
		return 0;
	}
	errno = 0;
	long long cursor = strtoll(text, &end, 10);
	if (errno || end == text || *end || cursor < 0)
		return -EINVAL;
	/* A number of the future is of another store: everything is news. */
	*ret = cursor > newest ? -1 : cursor;
	return 0;
}

void web_api_feed(struct http_request *r, struct web_api *a)
{
	int64_t cursor = 0;

	if (a->feeds >= FEEDS_MAX) {
		http_reply_error(r, 503, REASON_INTERNAL, "too many pages are open");
		return;
	}
	int e = cursor_of(r, a->fleet->store, &cursor);
	if (e == -EINVAL) {
		http_reply_error(r, 400, REASON_PROTOCOL_ERROR, "Last-Event-ID: not a number");
		return;
	}
	struct feed *f = e == 0 ? calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		call_failed(r, "page feed", e < 0 ? e : -ENOMEM);
		return;
	}
	*f = (struct feed){.api = a, .cursor = cursor};
	a->feeds++;
	const struct http_stream_options options = {.type = "text/event-stream",
	        .key = WAKE_FEED,
	        .idle_ms = SIGN_OF_LIFE_MS,
	        .fill = feed_fill,
	        .end = feed_end,
	        .state = f};
	http_reply_stream(r, &options);
}

void web_api_appliance_changed(struct web_api *a)
{
	a->appliance_changes++;
	a->feed_due = true;
}

int web_api_feed_run(struct web_api *a, int64_t now)
{
	if (!a->feed_due)
		return -1;
	int64_t left = a->feed_woken + FEED_EVERY_MS - now;
	if (left > 0)
		return (int)left;
	a->feed_due = false;
	a->feed_woken = now;
	http_wake(a->https, WAKE_FEED);
	return 0;
}
