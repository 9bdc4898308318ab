/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The children of `netmend serve`: what each needs for a new life, and what an end leaves. */
#include "appliance/supervisor/dnsmasq.h"
#include "appliance/supervisor/listen.h"
#include "appliance/supervisor/serve.h"
#include "appliance/supervisor/settings.h"
#include "appliance/supervisor/store_place.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int make_pair(int *ret_ours, int *ret_theirs)
{
	int pair[2] = {-1, -1};
	int r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;

	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return r;
}

static void close_ours(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A new pipe for each life: what is in it can be read once. */
static void start_with_settings(struct serve *s, int which)
{
	struct child *child = &s->children[which];
	struct error err = {0};
	int pipe;
	int r = which == CHILD_ESCROW
	                ? settings_for_escrow(&s->config, &pipe, &err)
	                : settings_for_fetch(&s->config, s->paths[PATH_FETCH], &pipe, &err);

	if (r < 0) {
		log_error("%s is not started: %s", child->name, err.text);
		child_postpone(child);
		return;
	}
	child->fds[SERVE_SETTINGS_FD] = pipe;
	child->fds[SERVE_LISTEN_FD] = which == CHILD_ESCROW ? s->escrow_fd : s->fetch_fd;
	child->fd_count = 2;
	(void)child_start(child); /* logged there, and tried again */
	close(pipe);
}

/* It is told nothing: what it drives, and with which password, comes with each order. */
static void start_power(struct serve *s)
{
	struct child *child = &s->children[CHILD_POWER];

	child->fds[0] = s->power_fd;
	child->fd_count = 1;
	(void)child_start(child); /* logged there, and tried again */
}

static void start_hooks(struct serve *s)
{
	struct child *child = &s->children[CHILD_HOOKS];
	struct error err = {0};
	int pipe;

	if (settings_for_hooks(&s->config, &pipe, &err) < 0) {
		log_error("hooks is not started: %s", err.text);
		child_postpone(child);
		return;
	}
	child->fds[SERVE_SETTINGS_FD] = pipe;
	child->fd_count = 1;
	(void)child_start(child); /* logged there, and tried again */
	close(pipe);
}

/* A new pair for each life of web: what the last one asked for concerns nobody any more. */
static void start_web(struct serve *s)
{
	struct child *web = &s->children[CHILD_WEB];
	struct error err = {0};
	int theirs, store = -1;
	int r = s->config.database[0] ? store_place_pipe(&s->config, &store, &err) : 0;

	if (r < 0) {
		log_error("web is not started: %s", err.text);
		child_postpone(web);
		return;
	}
	r = make_pair(&s->web_fd, &theirs);
	if (r < 0) {
		log_error("no socket pair for web: %s", strerror(-r));
		close_ours(&store);
		child_postpone(web);
		return;
	}
	web->fds[0] = s->http_fd;
	web->fds[1] = s->https_fd;
	web->fds[2] = theirs;
	web->fds[3] = store;
	web->fd_count = store < 0 ? 3 : 4;
	if (child_start(web) == 0) {
		serve_tell_health(s);
		serve_tell_clock(s, true);
	} else {
		serve_web_gone(s);
	}
	close(theirs);
	close_ours(&store);
}

static void start_watch(struct serve *s)
{
	struct child *watch = &s->children[CHILD_WATCH];
	struct error err = {0};
	int theirs;
	int packets = listen_dhcp(s->config.interface, &err);

	if (packets < 0 || make_pair(&s->watch_fd, &theirs) < 0) {
		log_error("%s", err.code ? err.text : "no socket pair for watch");
		if (packets >= 0)
			close(packets);
		child_postpone(watch);
		return;
	}
	watch->fds[0] = packets;
	watch->fds[1] = theirs;
	watch->fd_count = 2;
	if (child_start(watch) < 0)
		close_ours(&s->watch_fd);
	close(packets);
	close(theirs);
}

static void start_dnsmasq(struct serve *s)
{
	struct error err = {0};

	if (dnsmasq_write_config(&s->config, &err) < 0 ||
	        dnsmasq_test_config(&s->config, s->paths[PATH_CONF], &err) < 0) {
		log_error("dnsmasq is not started: %s", err.text);
		serve_set_health(s, false, err.text);
		child_postpone(&s->children[CHILD_DNSMASQ]);
		return;
	}
	dnsmasq_log_reset(&s->log);
	(void)child_start(&s->children[CHILD_DNSMASQ]); /* logged there, and tried again */
}

void serve_start(struct serve *s, int which)
{
	switch (which) {
	case CHILD_ESCROW:
	case CHILD_FETCH:
		start_with_settings(s, which);
		break;
	case CHILD_POWER:
		start_power(s);
		break;
	case CHILD_WEB:
		start_web(s);
		break;
	case CHILD_WATCH:
		start_watch(s);
		break;
	case CHILD_HOOKS:
		start_hooks(s);
		break;
	default:
		start_dnsmasq(s);
	}
}

void serve_ended(struct serve *s, int which, int status)
{
	child_ended(&s->children[which], status, s->stopping);
	if (which == CHILD_WEB) {
		uint32_t ids[RESYNC_PENDING_MAX];
		serve_web_gone(s);
		(void)resync_take_all(&s->resync, ids); /* nobody is there to be answered */
	}
	if (which == CHILD_WATCH)
		close_ours(&s->watch_fd);
	if (which == CHILD_DNSMASQ) {
		serve_read_log(s); /* its last words */
		resync_lost(&s->resync);
		serve_set_health(s, false, "dnsmasq ended; it is being started again");
	}
}
