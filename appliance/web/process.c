/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/clock.h"
#include "appliance/fleet/turns.h"
#include "appliance/supervisor/store_place.h"
#include "appliance/web/appliance.h"
#include "appliance/web/process.h"
#include "appliance/fleet/operator.h"
#include "appliance/people/people.h"
#include "appliance/supervisor/control.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8192u
#define PEM_MAX         ((size_t)64 * 1024)

static void server_ready(void *context, uint32_t events)
{
	(void)events;
	http_run(context);
}

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

static void name_recipe(struct web *w)
{
	const struct recipe *r = &w->recipe;

	if (r->version == 1)
		(void)snprintf(w->recipe_shown, sizeof(w->recipe_shown), "%s", r->name);
	else
		(void)snprintf(w->recipe_shown, sizeof(w->recipe_shown), "%s, version %u", r->name,
		        r->version);
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
		name_recipe(w);
	if (r == 0)
		r = http_static_load(o->page, &w->routes.page, err);
	return r;
}

static int fleet_store_open(struct web *w, struct error *err)
{
	const struct web_options *o = w->options;
	struct secret *place CLEANUP_SECRET = NULL;
	char id[APPLIANCE_ID];
	int r = 0;

	if (o->store_fd >= 0)
		r = store_place_receive(o->store_fd, &place, err);
	if (r == 0)
		r = store_open(
		        place ? (const char *)place->data : o->database, &w->fleet.store, err);
	if (r < 0)
		return r;
	store_group(w->fleet.store);
	if (!o->appliance[0])
		return 0;
	r = appliance_id(o->appliance, id, err);
	if (r == 0)
		(void)snprintf(w->fleet.appliance, sizeof(w->fleet.appliance), "%s", id);
	return r;
}

static enum machine_loader first_loader(const char *name)
{
	int loader = fleet_loader_parse(name);

	return loader < 0 ? MACHINE_LOADER_AUTO : (enum machine_loader)loader;
}

static int fleet_start(struct web *w, struct error *err)
{
	w->fleet = (struct fleet){.scope_all = strcmp(w->options->scope, "all") == 0,
	        .first_loader = first_loader(w->options->loader),
	        .hosts = w->options->hosts,
	        .clock = fleet_clock,
	        .started = fleet_clock(),
	        .changed = told_machines_changed,
	        .context = w};
	w->sync = (struct sync){.send = told_sync_send, .context = w};
	int r = fleet_store_open(w, err);
	if (r < 0)
		return r;
	if (w->options->at_once > 0) {
		w->fleet.turns = turns_new((size_t)w->options->at_once);
		if (!w->fleet.turns)
			return -ENOMEM;
	}
	const struct boot_options boot = {.templates = w->options->templates,
	        .kernel = w->options->kernel,
	        .initrd = w->options->initrd,
	        .program = w->options->program,
	        .media = w->options->media,
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
	        .released = told_released,
	        .boxed = told_boxed,
	        .powered = told_powered,
	        .bmcs_known = told_bmcs_known,
	        .news = told_news,
	        .status_changed = told_escrow_changed,
	        .requests_changed = told_requests_changed,
	        .context = w};

	int r = escrow_client_new(&escrow, &w->escrow);
	if (r == 0)
		r = probes_new(w->loop, &w->fleet, &w->probes);
	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "%s", strerror(-r));
	medium_url(w->options->address, w->options->http_port, w->routes.medium_url);
	(void)snprintf(w->routes.url, sizeof(w->routes.url), "https://%s",
	        w->options->https_port == 443 ? w->options->address : w->routes.boot.secure_server);
	w->routes.api = (struct web_api){.fleet = &w->fleet,
	        .sync = &w->sync,
	        .escrow = w->escrow,
	        .bundles = w->options->bundles,
	        .recipe = w->recipe_text,
	        .recipe_name = w->recipe_shown,
	        .url = w->routes.url,
	        .medium = &w->routes.boot.medium,
	        .medium_url = w->routes.medium_url,
	        .wallboard = strcmp(w->options->wallboard, "yes") == 0,
	        .dry_run = w->routes.boot.options.dry_run,
	        .dhcp_text = "not reported yet"};
	const struct web_power_options power = {.loop = w->loop,
	        .fleet = &w->fleet,
	        .escrow = w->escrow,
	        .looked = web_api_power_looked,
	        .context = &w->routes.api};
	r = web_power_new(&power, &w->power);
	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "%s", strerror(-r));
	w->routes.api.power = w->power;
	self_open(&w->routes.api.self);
	if (addresses_parse(w->options->metrics, &w->routes.api.scrapers) < 0)
		return error_set(
		        err, -EINVAL, REASON_USAGE, "--metrics: \"%.40s\"", w->options->metrics);
	return 0;
}

/* Nobody is told what the store might still lose. */
static bool answers_wait(void *context)
{
	const struct routes_context *c = context;

	return store_unsettled(c->api.fleet->store);
}

static int servers_start(struct web *w, struct error *err)
{
	const struct http_options http = {.listen_fd = w->options->http_fd,
	        .routes = routes_http,
	        .route_count = routes_http_count,
	        .context = &w->routes,
	        .hold = answers_wait,
	        .connections = CONNECTIONS_MAX};
	const struct http_options https = {.listen_fd = w->options->https_fd,
	        .cert_pem = w->cert,
	        .key_pem = w->key,
	        .spool = w->options->bundles,
	        .routes = routes_https,
	        .route_count = routes_https_count,
	        .context = &w->routes,
	        .hold = answers_wait,
	        .connections = CONNECTIONS_MAX};

	int r = http_new(&http, &w->http, err);
	if (r == 0)
		r = http_new(&https, &w->https, err);
	w->routes.api.http = w->http;
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
	int r = fd < 0 ? -errno : source_add(w, &w->signals, fd, told_signal, w);
	if (r == 0)
		r = source_add(w, &w->http_source, http_fd(w->http), server_ready, w->http);
	if (r == 0)
		r = source_add(w, &w->https_source, http_fd(w->https), server_ready, w->https);
	if (r == 0 && w->options->control_fd >= 0)
		r = source_add(w, &w->control, w->options->control_fd, told_control, w);
	return r < 0 ? error_set(err, r, REASON_CANNOT_OPEN, "event loop: %s", strerror(-r)) : 0;
}

/* Nobody can sign in yet: serve shows the link to whoever started it. */
static void setup_offer(struct web *w)
{
	struct control_message m = {.type = CONTROL_SETUP};
	struct actor appliance;
	char token[PASS_TEXT];

	if (w->options->control_fd < 0)
		return;
	people_appliance(&appliance);
	int r = people_setup_new(w->fleet.store, &appliance, fleet_clock(), token);
	if (r == -EEXIST)
		return;
	if (r == 0) {
		memcpy(m.text, token, sizeof(token));
		r = control_send(w->options->control_fd, &m);
	}
	if (r < 0)
		log_warning("no set-up link could be offered: %s", strerror(-r));
}

int process_start(struct web *w, const struct web_options *options, struct error *err)
{
	*w = (struct web){.options = options};
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
	if (r == 0)
		r = sources_start(w, err);
	if (r == 0)
		setup_offer(w);
	return r;
}

int process_start_threads(struct web *w, struct error *err)
{
	int r = hasher_new(&w->hasher);

	if (r == 0)
		r = source_add(w, &w->hashed, hasher_fd(w->hasher), told_hashed, w);
	w->routes.api.hasher = w->hasher;
	return r < 0 ? error_set(err, r, REASON_INTERNAL, "cannot start a thread: %s", strerror(-r))
	             : 0;
}

void process_end(struct web *w)
{
	http_free(w->http);
	http_free(w->https);
	web_api_free(&w->routes.api);
	self_close(&w->routes.api.self);
	probes_free(w->probes);
	web_power_free(w->power);
	escrow_client_free(w->escrow);
	boot_close(&w->routes.boot);
	http_static_free(w->routes.page);
	free(w->fleet.presences);
	free(w->fleet.turns);
	hasher_free(w->hasher);
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
