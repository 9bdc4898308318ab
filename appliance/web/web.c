/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/web.h"
#include "appliance/api/snapshot.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/web/appliance.h"
#include "appliance/web/process.h"
#include "appliance/web/walls.h"
#include "fixer/base/json_wipe.h"
#include "fixer/base/log.h"
#include "fixer/base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define TICK_MS 1000

/* Said once, until it has succeeded again: the store may be away for long. */
static void tell_failure(bool *failed, const char *what, int r)
{
	if (r < 0 && !*failed)
		log_error("%s: %s", what, strerror(-r));
	*failed = r < 0;
}

/* The whole answer list; dnsmasq is told when it was not as it should be. */
static void answers_correct(struct web *w)
{
	bool changed = false;

	int r = fleet_answer_list(&w->fleet, &changed);
	w->fleet.answers_stale = r < 0;
	tell_failure(&w->answers_failed, "the answer list is not up to date", r);
	if (changed)
		(void)sync_request(&w->sync, http_clock());
}

/* The operator's command or another appliance has written. */
static void answers_follow(struct web *w)
{
	bool changed = false;

	if (fleet_answer_changed(&w->fleet, &changed) < 0)
		w->fleet.answers_stale = true;
	if (changed)
		(void)sync_request(&w->sync, http_clock());
}

static void tick(struct web *w, int64_t now)
{
	if (store_changed_elsewhere(w->fleet.store)) {
		answers_follow(w);
		told_machines_changed(w);
	}
	if (w->fleet.answers_stale)
		answers_correct(w);
	appliance_tick(w);
	tell_failure(&w->timers_failed, "timers", fleet_tick(&w->fleet));
	tell_failure(&w->campaigns_failed, "campaigns", campaign_tick(&w->fleet));
	tell_failure(&w->wire_failed, "what was heard", wire_tick(&w->fleet, &w->wire));
	sync_tick(&w->sync, now);
	escrow_client_tick(w->escrow, now);
	probes_tick(w->probes, now);
	web_power_tick(w->power, now);
	web_api_tick(&w->routes.api, now);
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* What the turn before has committed comes to the disk, all at once; then its answers go out. */
static void settle(struct web *w)
{
	if (!store_unsettled(w->fleet.store))
		return;
	int r = store_settle(w->fleet.store);
	tell_failure(&w->settling_failed, "what was committed may be lost", r);
	http_settled(w->http, r == 0);
	http_settled(w->https, r == 0);
}

static void serve(struct http_server *http)
{
	if (http_timeout(http) == 0)
		http_run(http);
}

static int turn(struct web *w)
{
	int64_t now = http_clock();

	if (now - w->ticked >= TICK_MS) {
		w->ticked = now;
		tick(w, now);
	}
	settle(w);
	/* Either may have been given work by the tick or by the last turn. */
	serve(w->http);
	serve(w->https);
	int timeout = store_unsettled(w->fleet.store) ? 0 : TICK_MS;
	timeout = sooner(timeout, web_api_feed_run(&w->routes.api, http_clock()));
	timeout = sooner(timeout, web_api_snapshot_run(&w->routes.api, http_clock()));
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
	/* It holds the key of the certificate and every machine's token. */
	int r = secrets_init();
	json_wipe_init(); /* passwords of people pass through it */
	if (r < 0) {
		log_error("cannot protect the process's memory: %s", strerror(-r));
		return r;
	}
	r = process_start(&w, options, &err);
	if (r == 0)
		r = web_walls_raise(options, w.fleet.store, &err);
	if (r == 0)
		r = process_start_threads(&w, &err);
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
	campaign_end(&w.fleet);
	process_end(&w);
	return r;
}
