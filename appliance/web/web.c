/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/web.h"
#include "appliance/store/store.h"
#include "appliance/supervisor/control.h"
#include "appliance/web/loop.h"
#include "appliance/web/probe.h"
#include "appliance/web/routes.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "fixer/windows/recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8192u
#define TICK_MS         1000
#define PEM_MAX         ((size_t)64 * 1024)

struct web {
	const struct web_options *options;
	struct loop *loop;
	struct fleet fleet;
	struct sync sync;
	struct routes_context routes;
	struct http_server *http, *https;
	struct escrow_client *escrow;
	struct probes *probes;
	struct recipe recipe;
	char *recipe_text, *cert, *key;
	struct loop_source signals, control, http_source, https_source;
	int64_t ticked;
	bool stop;
};

static int64_t wall_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what others tell ---- */

static void machines_changed(void *context)
{
	struct web *w = context;

	w->routes.api.feed_due = true;
}

static void escrow_changed(void *context)
{
	struct web *w = context;

	web_api_appliance_changed(&w->routes.api);
}

static void escrow_answer(void *context, int64_t session, json_t *answer)
{
	struct web *w = context;

	web_api_release_answer(&w->routes.api, session, answer);
}

static int sync_send(void *context, uint32_t id)
{
	struct web *w = context;
	const struct control_message m = {.type = CONTROL_SYNC, .id = id};

	return w->options->control_fd < 0 ? -ENOTCONN : control_send(w->options->control_fd, &m);
}

static void dhcp_seen(struct web *w, const struct control_message *m)
{
	char mac[MAC_TEXT];
	int r = 0;

	(void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m->mac[0], m->mac[1],
	        m->mac[2], m->mac[3], m->mac[4], m->mac[5]);
	/* What is no station's address is dropped. */
	bool station = mac_normalise(mac, mac) == 0;
	if (m->kind == CONTROL_DHCP_BOOT_FILE)
		r = fleet_boot_file_sent(&w->fleet, m->ip, m->text);
	else if (station && m->kind == CONTROL_DHCP_DISCOVER)
		r = fleet_pxe_seen(&w->fleet, mac, m->text);
	else if (station && m->kind == CONTROL_DHCP_WINDOWS)
		r = fleet_windows_by_mac(&w->fleet, mac, "Windows asked for an address");
	if (r < 0)
		log_error("DHCP event of %s: %s", mac, strerror(-r));
}

static void control_ready(void *context, uint32_t events)
{
	struct web *w = context;
	struct web_api *a = &w->routes.api;
	struct control_message m;
	int r = control_receive(w->options->control_fd, &m);

	(void)events;
	if (r == -EPIPE) {
		log_info("the supervisor is gone: stopping");
		w->stop = true;
	} else if (r < 0 && r != -EAGAIN) {
		log_error("message from the supervisor: %s", strerror(-r));
	} else if (r == 0 && m.type == CONTROL_SYNC_DONE) {
		if (!m.ok)
			log_error("dnsmasq did not read the answer list: %s", m.text);
		sync_done(&w->sync, m.id, http_clock());
		http_wake(w->https, WAKE_SYNC);
	} else if (r == 0 && m.type == CONTROL_DHCP) {
		dhcp_seen(w, &m);
	} else if (r == 0 && m.type == CONTROL_HEALTH) {
		a->dhcp_ok = m.ok;
		(void)snprintf(a->dhcp_text, sizeof(a->dhcp_text), "%s", m.text);
		web_api_appliance_changed(a);
	}
}

static void signal_ready(void *context, uint32_t events)
{
	struct web *w = context;

	(void)events;
	w->stop = true;
}

static void server_ready(void *context, uint32_t events)
{
	(void)events;
	http_run(context);
}

/* ---- start ---- */

static int file_read(const char *path, size_t max, char **ret, struct error *err)
{
	struct buffer text;
	char piece[4096];
	ssize_t n;
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	buffer_init(&text, max);
	int r = buffer_append(&text, "", 0);
	while (r == 0 && (n = read(fd, piece, sizeof(piece))) != 0)
		r = n < 0 ? -errno : buffer_append(&text, piece, (size_t)n);
	if (r == 0 && text.len == 0)
		r = -ENODATA;
	if (r < 0) {
		buffer_free(&text);
		return error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", path, strerror(-r));
	}
	*ret = (char *)text.data;
	return 0;
}

static int files_load(struct web *w, struct error *err)
{
	const struct web_options *o = w->options;

	int r = file_read(o->cert, PEM_MAX, &w->cert, err);
	if (r == 0)
		r = file_read(o->key, PEM_MAX, &w->key, err);
	if (r == 0)
		r = file_read(o->recipe, NM_MAX_RECIPE, &w->recipe_text, err);
	if (r == 0)
		r = recipe_parse(w->recipe_text, strlen(w->recipe_text), &w->recipe, err);
	if (r == 0)
		r = http_static_load(o->page, &w->routes.page, err);
	return r;
}

static int fleet_start(struct web *w, struct error *err)
{
	w->fleet = (struct fleet){.scope_all = strcmp(w->options->scope, "all") == 0,
	        .hosts = w->options->hosts,
	        .clock = wall_clock,
	        .started = wall_clock(),
	        .changed = machines_changed,
	        .context = w};
	w->sync = (struct sync){.send = sync_send, .context = w};
	int r = store_open(w->options->database, &w->fleet.store, err);
	if (r < 0)
		return r;
	const struct boot_options boot = {.templates = w->options->templates,
	        .kernel = w->options->kernel,
	        .initrd = w->options->initrd,
	        .address = w->options->address,
	        .http_port = w->options->http_port,
	        .https_port = w->options->https_port,
	        .prefix = w->options->prefix,
	        .gateway = w->options->gateway,
	        .dry_run = strcmp(w->options->dry_run, "yes") == 0};
	return boot_open(&w->routes.boot, &boot, &w->fleet, w->cert, err);
}

static int api_start(struct web *w, struct error *err)
{
	const struct escrow_client_options escrow = {.path = w->options->escrow_socket,
	        .loop = w->loop,
	        .answer = escrow_answer,
	        .changed = escrow_changed,
	        .context = w};

	int r = escrow_client_new(&escrow, &w->escrow);
	if (r == 0)
		r = probes_new(w->loop, &w->fleet, &w->probes);
	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "%s", strerror(-r));
	(void)snprintf(
	        w->routes.url, sizeof(w->routes.url), "https://%s", w->routes.boot.secure_server);
	w->routes.api = (struct web_api){.fleet = &w->fleet,
	        .sync = &w->sync,
	        .escrow = w->escrow,
	        .bundles = w->options->bundles,
	        .recipe = w->recipe_text,
	        .recipe_name = w->recipe.name,
	        .url = w->routes.url,
	        .dhcp_text = "not reported yet"};
	return 0;
}

static int servers_start(struct web *w, struct error *err)
{
	const struct http_options http = {.listen_fd = w->options->http_fd,
	        .routes = routes_http,
	        .route_count = routes_http_count,
	        .context = &w->routes,
	        .connections = CONNECTIONS_MAX};
	const struct http_options https = {.listen_fd = w->options->https_fd,
	        .cert_pem = w->cert,
	        .key_pem = w->key,
	        .spool = w->options->bundles,
	        .routes = routes_https,
	        .route_count = routes_https_count,
	        .context = &w->routes,
	        .connections = CONNECTIONS_MAX};

	int r = http_new(&http, &w->http, err);
	if (r == 0)
		r = http_new(&https, &w->https, err);
	w->routes.api.https = w->https;
	return r;
}

static int source_add(struct web *w, struct loop_source *source, int fd,
        void (*ready)(void *context, uint32_t events), void *context)
{
	*source = (struct loop_source){.fd = fd, .ready = ready, .context = context};
	return loop_add(w->loop, source, EPOLLIN);
}

static int sources_start(struct web *w, struct error *err)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	int r = fd < 0 ? -errno : source_add(w, &w->signals, fd, signal_ready, w);
	if (r == 0)
		r = source_add(w, &w->http_source, http_fd(w->http), server_ready, w->http);
	if (r == 0)
		r = source_add(w, &w->https_source, http_fd(w->https), server_ready, w->https);
	if (r == 0 && w->options->control_fd >= 0)
		r = source_add(w, &w->control, w->options->control_fd, control_ready, w);
	return r < 0 ? error_set(err, r, REASON_CANNOT_OPEN, "event loop: %s", strerror(-r)) : 0;
}

static int web_start(struct web *w, struct error *err)
{
	int r = loop_new(&w->loop);

	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "event loop: %s", strerror(-r));
	r = files_load(w, err);
	if (r == 0)
		r = fleet_start(w, err);
	if (r == 0)
		r = api_start(w, err);
	if (r == 0)
		r = servers_start(w, err);
	return r < 0 ? r : sources_start(w, err);
}

static void web_end(struct web *w)
{
	http_free(w->http);
	http_free(w->https);
	web_api_free(&w->routes.api);
	probes_free(w->probes);
	escrow_client_free(w->escrow);
	boot_close(&w->routes.boot);
	http_static_free(w->routes.page);
	store_close(w->fleet.store);
	if (w->signals.fd > 0)
		(void)close(w->signals.fd);
	loop_free(w->loop);
	free(w->recipe_text);
	free(w->cert);
	if (w->key)
		explicit_bzero(w->key, strlen(w->key));
	free(w->key);
}

/* ---- run ---- */

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
		machines_changed(w);
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
	struct web w = {.options = options};
	struct error err = {0};

	files_limit_raise();
	int r = web_start(&w, &err);
	if (r < 0) {
		log_error("%s", err.text);
		web_end(&w);
		return r;
	}
	log_info("serving; pin sha256:%s", w.routes.boot.pin);
	answers_correct(&w);
	while (r == 0 && !w.stop)
		r = turn(&w);
	if (r < 0)
		log_error("event loop: %s", strerror(-r));
	web_end(&w);
	return r;
}
