/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/hooks/run.h"
#include "appliance/hooks/batch.h"
#include "appliance/hooks/call.h"
#include "appliance/store/leases.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN_MS       500 /* how often news is looked for */
#define LEASE         "webhooks"
#define LEASE_MS      15000
#define LEASE_ASK_MS  2000
#define BACKOFF_MS    1000 /* after a failure, doubled up to ... */
#define BACKOFF_MAX   (5 * 60 * 1000)
#define CURSOR_BEHIND 500 /* events the cursor in the store may be behind while nothing is sent */

struct hook {
	const struct hook_setting *setting;
	struct store_hook row; /* cursors: as far as it is; the counts: since they were written */
	int64_t written;       /* the store's cursor */
	bool dirty;            /* row has to be written */
	bool stuck;            /* the store does not let it go on, and the log says so */
	struct batch batch;    /* under way */
	struct call call;
	int64_t due; /* not before */
	int backoff; /* 0: the last call succeeded */
};

struct run {
	struct store *store;
	const char *holder;
	struct store_lease lease;
	CURLM *calls;
	size_t count;
	struct hook hooks[NM_MAX_HOOKS];
	bool leased;
	bool leased_told; /* in the log */
	int64_t lease_due;
};

static int64_t clock_ms(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the lease ---- */

static int hooks_load(struct run *run)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->count; i++) {
		struct hook *h = &run->hooks[i];
		r = store_hook_open(run->store, h->setting->name, &h->row);
		h->written = h->row.cursor;
		h->row.delivered = h->row.failures = 0;
		h->dirty = false;
	}
	return r;
}

/* Another appliance may have gone on where we stopped: with a new lease everything is read anew. */
static void lease_keep(struct run *run, int64_t now)
{
	if (now < run->lease_due)
		return;
	int r = store_lease_take(run->store, &run->lease, clock_ms(CLOCK_REALTIME), LEASE_MS);
	bool before = run->leased;

	run->leased = r == 0;
	run->lease_due = now + LEASE_ASK_MS;
	if (run->leased && !before && hooks_load(run) < 0) {
		log_error("webhooks: where they are cannot be read from the store");
		run->leased = false;
	}
	/* Of a store that does not answer its own words are enough. */
	if ((r == 0 || r == -EBUSY) && run->leased != run->leased_told) {
		run->leased_told = run->leased;
		log_info("webhooks: %s", run->leased ? "this appliance tells them now"
		                                     : "this appliance does not tell them now");
	}
}

/* ---- one hook ---- */

static void hook_stuck(struct hook *h, int r)
{
	if (!h->stuck)
		log_error("webhook %s cannot go on: %s", h->setting->name, strerror(-r));
	h->stuck = true;
}

static void hook_write(struct run *run, struct hook *h)
{
	int r = store_begin(run->store, true);

	if (r == 0) {
		r = store_hook_save(run->store, &h->row);
		if (r == 0)
			r = store_commit(run->store);
		else
			store_rollback(run->store);
	}
	if (r < 0) {
		hook_stuck(h, r);
		return; /* it stays to be done */
	}
	h->stuck = false;
	h->written = h->row.cursor;
	h->row.delivered = h->row.failures = 0;
	h->dirty = false;
}

static void hook_failed(struct hook *h, int64_t now, const char *why)
{
	h->backoff = h->backoff ? 2 * h->backoff : BACKOFF_MS;
	h->backoff = h->backoff > BACKOFF_MAX ? BACKOFF_MAX : h->backoff;
	h->due = now + h->backoff;
	log_warning("webhook %s: %s; again in %d s", h->setting->name, why, h->backoff / 1000);
	h->row.failures++;
	(void)snprintf(h->row.text, sizeof(h->row.text), "%s", why);
	h->dirty = true;
}

static void hook_taken(struct hook *h, int64_t now)
{
	if (h->backoff)
		log_info("webhook %s: answers again", h->setting->name);
	h->backoff = 0;
	h->due = now;
	h->row.cursor = h->batch.cursor;
	h->row.campaigns = h->batch.campaigns;
	h->row.delivered += (int64_t)h->batch.events;
	h->row.text[0] = 0;
	h->dirty = true;
}

static void hook_call_ended(struct run *run, struct hook *h, CURLcode code, int64_t now)
{
	char why[NM_MAX_EVENT_TEXT];

	if (call_end(&h->call, run->calls, code, why, sizeof(why)))
		hook_taken(h, now);
	else
		hook_failed(h, now, why);
	free(h->batch.body);
	h->batch.body = NULL;
}

static void hook_start(struct run *run, struct hook *h, int64_t now)
{
	char signature[SIGNATURE_TEXT];
	int r = batch_make(
	        run->store, h->setting, run->holder, h->row.cursor, h->row.campaigns, &h->batch);

	if (r == 0)
		h->stuck = false;
	if (r == 0 && !h->batch.body) {
		h->row.cursor = h->batch.cursor;
		h->dirty |= h->row.cursor - h->written > CURSOR_BEHIND;
		return;
	}
	if (r == 0) {
		batch_sign(h->setting->secret, h->batch.body, signature);
		r = call_begin(&h->call, run->calls, h->setting, h->batch.body, signature, h);
	}
	if (r < 0) {
		hook_stuck(h, r);
		free(h->batch.body);
		h->batch.body = NULL;
		h->due = now + BACKOFF_MS;
	}
}

/* ---- the loop ---- */

static void calls_ended(struct run *run, int64_t now)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(run->calls, &left))) {
		char *h = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &h);
		hook_call_ended(run, (struct hook *)(void *)h, code, now);
	}
}

static int turn(struct run *run, int stop, bool *ret_stop)
{
	struct curl_waitfd wait = {.fd = stop, .events = CURL_WAIT_POLLIN};
	int64_t now = clock_ms(CLOCK_MONOTONIC);
	int running, ready;

	/* Also what makes a lost connection to a database anew. */
	(void)store_changed_elsewhere(run->store);
	lease_keep(run, now);
	for (size_t i = 0; i < run->count; i++) {
		struct hook *h = &run->hooks[i];
		if (h->dirty)
			hook_write(run, h);
		if (run->leased && !h->call.busy && now >= h->due)
			hook_start(run, h, now);
	}
	if (curl_multi_perform(run->calls, &running) != CURLM_OK ||
	        curl_multi_poll(run->calls, &wait, 1, TURN_MS, &ready) != CURLM_OK ||
	        curl_multi_perform(run->calls, &running) != CURLM_OK)
		return -EIO;
	calls_ended(run, clock_ms(CLOCK_MONOTONIC));
	*ret_stop = wait.revents != 0;
	return 0;
}

int hooks_run(struct store *s, const struct hook_settings *settings, const char *holder, int stop)
{
	struct run *run = calloc(1, sizeof(*run));
	char ignored[NM_MAX_EVENT_TEXT];
	bool stopped = false;
	int r = 0;

	if (!run)
		return -ENOMEM;
	*run = (struct run){.store = s,
	        .holder = holder,
	        .lease = {.name = LEASE, .who = holder},
	        .calls = curl_multi_init(),
	        .count = settings->count};
	for (size_t i = 0; i < run->count; i++)
		run->hooks[i].setting = &settings->hooks[i];
	if (!run->calls)
		r = -ENOMEM;
	while (r == 0 && !stopped)
		r = turn(run, stop, &stopped);
	/* What was on its way is told again by whoever goes on. */
	for (size_t i = 0; i < run->count; i++) {
		struct hook *h = &run->hooks[i];
		if (h->call.busy)
			(void)call_end(&h->call, run->calls, CURLE_ABORTED_BY_CALLBACK, ignored,
			        sizeof(ignored));
		if (h->dirty)
			hook_write(run, h);
		free(h->batch.body);
	}
	if (run->leased)
		(void)store_lease_drop(s, &run->lease);
	if (run->calls)
		(void)curl_multi_cleanup(run->calls);
	free(run);
	return r;
}
