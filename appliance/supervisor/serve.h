/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend serve`: prepares everything, runs the children, and carries news between them. */
#ifndef SUPERVISOR_SERVE_H
#define SUPERVISOR_SERVE_H

#include "appliance/config/config.h"
#include "appliance/supervisor/child.h"
#include "appliance/supervisor/dnsmasq_log.h"
#include "appliance/supervisor/state.h"
#include "appliance/supervisor/resync.h"
#include "appliance/web/web.h"

enum { CHILD_ESCROW, CHILD_WEB, CHILD_WATCH, CHILD_DNSMASQ, CHILDREN };

#define SERVE_ARGV_MAX 16

struct serve {
	struct config config;
	struct child children[CHILDREN];
	bool enabled[CHILDREN];
	bool stopping;

	int http_fd, https_fd; /* listening, for web */
	int web_fd;            /* our end of the pair with web; -1 while it doesn't run */
	int watch_fd;          /* our end of the pair with watch; -1 likewise */
	int log_fd;            /* dnsmasq's output, to read */
	int signal_fd;

	struct dnsmasq_log log;
	struct resync resync;
	bool dhcp_ok;
	char dhcp_text[160];

	/* What the children's argv point to. */
	char self[STATE_PATH_MAX];
	char escrow_program[STATE_PATH_MAX];
	char paths[12][STATE_PATH_MAX];
	char numbers[128];
	char web_uid[12];
	const char *web_argv[WEB_ARGV_MAX];
	const char *escrow_argv[SERVE_ARGV_MAX];
	const char *watch_argv[SERVE_ARGV_MAX];
	const char *dnsmasq_argv[SERVE_ARGV_MAX];
};

/* Runs until SIGTERM or SIGINT. config is resolved. 0, or -errno with err when it cannot start. */
int serve_main(const struct config *config, struct error *err);

/* children.c: fills in the children (programs, arguments, identities). CANNOT_OPEN when one of the
 * programs is missing. */
int serve_children_init(struct serve *s, struct error *err);
/* Opens what the child needs anew for each start, and starts it. On failure it is due later. */
void serve_start(struct serve *s, int which);
/* The child ended: closes what belonged to it. */
void serve_ended(struct serve *s, int which, int status);

/* relay.c: what comes in from dnsmasq's log, web and watch, and goes out to web. */
void serve_read_log(struct serve *s);
void serve_read_web(struct serve *s);
void serve_read_watch(struct serve *s);
void serve_set_health(struct serve *s, bool ok, const char *text);
void serve_tell_health(struct serve *s);
void serve_drive_sync(struct serve *s);
/* Answers and forgets every waiting SYNC. */
void serve_refuse_syncs(struct serve *s, const char *text);

/* Where netmend-escrow is: beside netmend, or in PREFIX/libexec/netmend. 0 or -ENOENT. */
int serve_find_escrow(char self[STATE_PATH_MAX], char escrow[STATE_PATH_MAX], struct error *err);

#endif
