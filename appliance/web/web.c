/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/web.h"
#include "appliance/web/process.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define TICK_MS 1000

/* The whole answer list; dnsmasq is told when it was not as it should be. */
static void answers_correct(struct web *w)
{
	bool changed = false;

	w->fleet.answers_stale = false;
	if (fleet_answer_list(&w->fleet, &changed) < 0)
		log_error("the answer list could not be brought up to date");
	if (changed)
		(void)sync_request(&w->sync, http_clock());
}

static void tick(struct web *w, int64_t now)
{
	/* The operator's command has written. */
	if (store_changed_elsewhere(w->fleet.store)) {
		w->fleet.answers_stale = true;
		told_machines_changed(w);
	}
	if (w->fleet.answers_stale)
		answers_correct(w);
	int r = fleet_tick(&w->fleet);
	if (r < 0)
		log_error("timers: %s", strerror(-r));
	sync_tick(&w->sync, now);
	escrow_client_tick(w->escrow, now);
	probes_tick(w->probes, now);
	web_api_tick(&w->routes.api, now);
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

static int turn(struct web *w)
{
	int64_t now = http_clock();

	if (now - w->ticked >= TICK_MS) {
		w->ticked = now;
		tick(w, now);
	}
	/* Both may have been given work by the tick or by the last turn. */
	http_run(w->http);
	http_run(w->https);
	int timeout = sooner(TICK_MS, web_api_feed_run(&w->routes.api, http_clock()));
	timeout = sooner(timeout, http_timeout(w->http));
	timeout = sooner(timeout, http_timeout(w->https));
	return loop_run(w->loop, timeout);
}

/* A descriptor a connection, and every machine may hold one. */
static void files_limit_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warning("cannot raise the limit of open files: %s", strerror(errno));
}

int web_main(const struct web_options *options)
{
	struct web w;
	struct error err = {0};

	files_limit_raise();
	int r = process_start(&w, options, &err);
	if (r < 0) {
		log_error("%s", err.text);
		process_end(&w);
		return r;
	}
	log_info("serving; pin sha256:%s", w.routes.boot.pin);
	answers_correct(&w);
	while (r == 0 && !w.stop)
		r = turn(&w);
	if (r < 0)
		log_error("event loop: %s", strerror(-r));
	process_end(&w);
	return r;
}
