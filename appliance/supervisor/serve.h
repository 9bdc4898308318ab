/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend serve`: prepares everything, runs the children, and carries news between them. */
#ifndef SUPERVISOR_SERVE_H
#define SUPERVISOR_SERVE_H

#include "appliance/config/config.h"
#include "appliance/supervisor/child.h"
#include "appliance/supervisor/dnsmasq_log.h"
#include "appliance/supervisor/outbox.h"
#include "appliance/supervisor/resync.h"
#include "appliance/supervisor/state.h"
#include "appliance/web/web.h"

enum {
	CHILD_ESCROW,
	CHILD_FETCH,
	CHILD_POWER,
	CHILD_WEB,
	CHILD_WATCH,
	CHILD_HOOKS,
	CHILD_DNSMASQ,
	CHILDREN
};

/* Files and folders the children are told of. */
enum {
	PATH_DATABASE,
	PATH_BUNDLES,
	PATH_APPLIANCE,
	PATH_CERT,
	PATH_KEY,
	PATH_SOCKET,
	PATH_FETCH_SOCKET,
	PATH_POWER_SOCKET,
	PATH_FETCH,
	PATH_HOSTS,
	PATH_RECIPE,
	PATH_PAGE,
	PATH_ESCROW,
	PATH_CONF,
	PATH_PROGRAM,
	PATH_MEDIA,
	PATHS
};

#define SERVE_ARGV_MAX 16

/* Of escrow and fetch: places in fds[]. */
enum { SERVE_SETTINGS_FD, SERVE_LISTEN_FD };

struct serve {
	struct config config;
	struct child children[CHILDREN];
	bool enabled[CHILDREN];
	bool stopping;

	int http_fd, https_fd; /* listening, for web */
	int escrow_fd;         /* listening, for escrow */
	int fetch_fd;          /* listening, for fetch; -1: not needed */
	int power_fd;          /* listening, for power; likewise */
	int web_fd;            /* our end of the pair with web; -1 while it doesn't run */
	int watch_fd;          /* our end of the pair with watch; -1 likewise */
	int log_fd;            /* dnsmasq's output, to read */
	int signal_fd;

	struct outbox to_web;
	struct dnsmasq_log log;
	struct resync resync;
	bool dhcp_ok;
	char dhcp_text[160];
	bool clock_ok; /* synchronised, when it was looked at last */
	int64_t clock_looked;

	/* What the children's argv point to. */
	char self[STATE_PATH_MAX];
	char escrow_program[STATE_PATH_MAX];
	char fetch_program[STATE_PATH_MAX];
	char power_program[STATE_PATH_MAX];
	char hooks_program[STATE_PATH_MAX];
	char paths[PATHS][STATE_PATH_MAX];
	char numbers[128];
	char metrics[CONFIG_SUBNETS_MAX * 20];
	char web_uid[12], escrow_uid[12];
	const char *web_argv[WEB_ARGV_MAX];
	const char *escrow_argv[SERVE_ARGV_MAX];
	const char *fetch_argv[SERVE_ARGV_MAX];
	const char *power_argv[SERVE_ARGV_MAX];
	const char *watch_argv[SERVE_ARGV_MAX];
	const char *hooks_argv[SERVE_ARGV_MAX];
	const char *dnsmasq_argv[SERVE_ARGV_MAX];
};

/* Runs until SIGTERM or SIGINT. config is resolved. 0, or -errno with err when it cannot start. */
int serve_main(const struct config *config, struct error *err);

/* children.c: fills in the children (programs, arguments, identities), tries their settings, opens
 * the sockets of escrow, fetch and power. CANNOT_OPEN when one of the programs is missing. */
int serve_children_init(struct serve *s, struct error *err);
void serve_children_end(struct serve *s); /* removes those sockets */
/* start.c: opens what the child needs anew for each start, and starts it. On failure it is due
 * later. */
void serve_start(struct serve *s, int which);
/* The child ended: closes what belonged to it. */
void serve_ended(struct serve *s, int which, int status);

/* relay.c: what comes in from dnsmasq's log, web and watch, and goes out to web. */
void serve_read_log(struct serve *s);
void serve_read_web(struct serve *s);
/* What waits for it goes on. */
void serve_write_web(struct serve *s);
/* It has ended, or never began: our end of the pair is closed, and what it was to be told
 * forgotten. */
void serve_web_gone(struct serve *s);
void serve_read_watch(struct serve *s);
void serve_set_health(struct serve *s, bool ok, const char *text);
void serve_tell_health(struct serve *s);
/* Now and then, and when web has started: whether the host's clock is synchronised. */
void serve_tell_clock(struct serve *s, bool started);
void serve_drive_sync(struct serve *s);
/* Answers and forgets every waiting SYNC. */
void serve_refuse_syncs(struct serve *s, const char *text);

/* greet.c: on standard output. */
void serve_greet(const struct config *config);
void serve_show_setup(const struct config *config, const char *token);

/* Where one of our programs is: beside this one, or in PREFIX/libexec/netmend; "netmend" is this
 * one. -ENOENT says where it was looked for. */
int serve_find_program(const char *name, char ret[STATE_PATH_MAX], struct error *err);

#endif
