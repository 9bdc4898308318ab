/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/store/inventory.h"
#include "appliance/api/campaigns.h"
#include "appliance/api/gate.h"
#include "appliance/api/row.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEEDS_MAX       256
#define FEEDS_OF_ONE    32 /* a program that opens one after the other shuts out itself */
#define ROWS_AT_ONCE    200
#define NEWS_MAX        ((size_t)768 * 1024)
#define SIGN_OF_LIFE_MS 10000
/* Pages are told of a change at most so often; what changes twice in between is told once. */
#define FEED_EVERY_MS 50

/* One page. Nothing is queued for it: it gets the machines whose last event is after its cursor, as
 * they are now. A slow page skips states, never machines. */
struct feed {
	struct web_api *api;
	struct feed *next, *previous; /* all that are open */
	struct pass pass;             /* of who looks */
	char name[PLACE_TEXT], via[16];
	unsigned pass_checks; /* when that was asked last */
	int64_t cursor;
	int64_t gone; /* machines that are there no more: told so far */
	unsigned appliance_seen, requests_seen, campaigns_seen;
	bool begun;
};

/* What one page was told last: every other that has been told as much before, which are nearly all
 * of them, is told the same. It stays true, as each change gives its machine a higher number. */
struct feed_news {
	unsigned round; /* it was made in */
	bool made;
	int64_t cursor, gone;             /* of whom it is for */
	int64_t cursor_after, gone_after; /* of whoever was told */
	struct buffer text;
};

void feed_news_free(struct feed_news *n)
{
	if (n)
		buffer_free(&n->text);
	free(n);
}

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

static int machine_append(const struct machine *m, void *context)
{
	struct feed_news *n = context;

	int r = buffer_printf(&n->text, "id: %lld\nevent: machine\ndata: ", (long long)m->changed);
	if (r == 0)
		r = row_append(&n->text, m);
	if (r == 0)
		r = buffer_append(&n->text, "\n\n", 2);
	if (r == 0)
		n->cursor_after = m->changed;
	return r;
}

static int gone_append(int64_t machine, int64_t now, void *context)
{
	struct feed_news *n = context;

	return message_append(&n->text, "gone",
	        json_pack("{s:I, s:I}", "machine", (json_int_t)machine, "now", (json_int_t)now));
}

static int news_make(struct feed_news *n, const struct feed *f)
{
	struct store *store = f->api->fleet->store;

	n->made = false;
	n->round = f->api->feed_round;
	n->cursor = n->cursor_after = f->cursor;
	n->gone = n->gone_after = f->gone;
	buffer_reset(&n->text);
	int r = store_gone(store, &n->gone_after, gone_append, n);
	if (r == 0)
		r = store_machines(store, f->cursor, ROWS_AT_ONCE, machine_append, n);
	n->made = r == 0;
	return r;
}

/* Machines that changed or are there no more. */
static int news_append(struct feed *f, struct buffer *out)
{
	struct web_api *a = f->api;

	if (!a->news) {
		a->news = calloc(1, sizeof(*a->news));
		if (!a->news)
			return -ENOMEM;
		buffer_init(&a->news->text, NEWS_MAX);
	}
	struct feed_news *n = a->news;
	bool same = n->made && n->round == a->feed_round && n->cursor == f->cursor &&
	            n->gone == f->gone;
	int r = same ? 0 : news_make(n, f);
	if (r == 0)
		r = buffer_append(out, n->text.data, n->text.len);
	if (r < 0)
		return r;
	f->cursor = n->cursor_after;
	f->gone = n->gone_after;
	return 0;
}

/* A login that ended, a person who was disabled: the page has to ask again. */
static bool feed_may_go_on(struct feed *f)
{
	if (f->pass_checks == f->api->pass_checks)
		return true;
	f->pass_checks = f->api->pass_checks;
	return gate_still(f->api, &f->pass, RIGHT_VIEW);
}

static enum http_fill feed_fill(void *state, struct buffer *out, bool timeout)
{
	struct feed *f = state;
	struct web_api *a = f->api;
	int r = 0;

	if (!feed_may_go_on(f))
		return HTTP_FILL_END;
	if (!f->begun || f->appliance_seen != a->appliance_changes) {
		f->appliance_seen = a->appliance_changes;
		r = message_append(out, "appliance", call_appliance(a));
	}
	if (r == 0 && (!f->begun || f->requests_seen != a->requests_changes)) {
		f->requests_seen = a->requests_changes;
		r = message_append(out, "requests", json_object());
	}
	f->begun = true;
	if (r == 0)
		r = campaigns_told_since(a, &f->campaigns_seen, out);
	if (r == 0)
		r = news_append(f, out);
	if (r < 0)
		log_error("page feed: %s", strerror(-r));
	if (out->len == 0 && timeout)
		(void)buffer_append(out, ":\n\n", 3);
	return HTTP_FILL_MORE;
}

static void feed_end(void *state)
{
	struct feed *f = state;

	f->api->feeds--;
	if (f->next)
		f->next->previous = f->previous;
	*(f->previous ? &f->previous->next : &f->api->feed) = f->next;
	free(f);
}

static void feed_begin(struct feed *f)
{
	struct web_api *a = f->api;

	f->next = a->feed;
	if (f->next)
		f->next->previous = f;
	a->feed = f;
	a->feeds++;
}

/* Whatever the person's logins: an API token of that name is somebody else. */
static unsigned feeds_of(const struct web_api *a, const struct actor *actor)
{
	unsigned count = 0;

	for (const struct feed *f = a->feed; f; f = f->next)
		count += strcmp(f->name, actor->name) == 0 && strcmp(f->via, actor->via) == 0;
	return count;
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

void web_api_feed(struct http_request *r, struct web_api *a, const struct caller *who)
{
	int64_t cursor = 0;

	if (a->feeds >= FEEDS_MAX) {
		http_reply_error(r, 503, REASON_INTERNAL, "too many pages are open");
		return;
	}
	if (feeds_of(a, &who->actor) >= FEEDS_OF_ONE) {
		http_reply_error(r, 429, REASON_TRY_LATER, "%s has %d pages open already",
		        who->actor.name, FEEDS_OF_ONE);
		return;
	}
	int e = cursor_of(r, a->fleet->store, &cursor);
	if (e == -EINVAL) {
		http_reply_error(r, 400, REASON_PROTOCOL_ERROR, "Last-Event-ID: not a number");
		return;
	}
	int64_t gone = 0;
	if (e == 0)
		e = store_gone_since(a->fleet->store, cursor, &gone);
	struct feed *f = e == 0 ? calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		call_failed(r, "page feed", e < 0 ? e : -ENOMEM);
		return;
	}
	*f = (struct feed){.api = a,
	        .pass = who->pass,
	        .pass_checks = a->pass_checks,
	        .cursor = cursor,
	        .gone = gone};
	(void)snprintf(f->name, sizeof(f->name), "%s", who->actor.name);
	(void)snprintf(f->via, sizeof(f->via), "%s", who->actor.via);
	feed_begin(f);
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

void web_api_requests_changed(struct web_api *a)
{
	a->requests_changes++;
	a->feed_due = true;
}

void web_api_passes_changed(struct web_api *a)
{
	a->pass_checks++;
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
	a->feed_round++;
	a->feed_woken = now;
	http_wake(a->https, WAKE_FEED);
	return 0;
}
