/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The children of `netmend serve`: programs, arguments, identities, sockets. */
#include "appliance/supervisor/dnsmasq.h"
#include "appliance/supervisor/listen.h"
#include "appliance/supervisor/loaders.h"
#include "appliance/supervisor/serve.h"
#include "appliance/supervisor/settings.h"
#include "appliance/supervisor/store_place.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* fds[SERVE_SETTINGS_FD] and fds[SERVE_LISTEN_FD] in the child; power has its socket alone. */
static const char settings_fd[] = "3", listen_fd[] = "4";
_Static_assert(CHILD_FIRST_FD == 3, "what settings_fd and listen_fd say");

static void init_paths(struct serve *s)
{
	const struct config *c = &s->config;

	state_path(s->paths[PATH_DATABASE], c->state, "web/netmend.db");
	state_path(s->paths[PATH_BUNDLES], c->state, STATE_BUNDLES);
	state_path(s->paths[PATH_APPLIANCE], c->state, "web/appliance-id");
	state_path(s->paths[PATH_CERT], c->state, "tls/cert.pem");
	state_path(s->paths[PATH_KEY], c->state, "tls/key.pem");
	state_path(s->paths[PATH_HOSTS], c->state, "dnsmasq/hosts");
	state_path(s->paths[PATH_CONF], c->state, DNSMASQ_CONF);
	state_path(s->paths[PATH_PROGRAM], c->state, STATE_UEFI_PROGRAM);
	state_path(s->paths[PATH_MEDIA], c->state, STATE_MEDIA);
	state_path(s->paths[PATH_ESCROW], c->state, "escrow");
	state_path(s->paths[PATH_SOCKET], c->runtime, "escrow.sock");
	state_path(s->paths[PATH_FETCH_SOCKET], c->runtime, "fetch.sock");
	state_path(s->paths[PATH_POWER_SOCKET], c->runtime, "power.sock");
	state_path(s->paths[PATH_FETCH], c->runtime, "fetch");
	state_path(s->paths[PATH_RECIPE], c->runtime, "recipe.ini");
	state_path(s->paths[PATH_PAGE], c->runtime, "page");
}

/* "10.0.0.5/32,10.1.0.0/16" */
static void join(const struct config_subnets *list, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < list->count; i++) {
		size_t len = strlen(out);
		snprintf(out + len, size - len, "%s%s", i ? "," : "", list->names[i]);
	}
}

static void init_web(struct serve *s)
{
	const struct config *c = &s->config;

	join(&c->metrics, s->metrics, sizeof(s->metrics));
	const struct web_options options = {
	        .http_fd = CHILD_FIRST_FD,
	        .https_fd = CHILD_FIRST_FD + 1,
	        .control_fd = CHILD_FIRST_FD + 2,
	        .database = c->database[0] ? "" : s->paths[PATH_DATABASE],
	        .store_fd = c->database[0] ? CHILD_FIRST_FD + 3 : -1,
	        .appliance = s->paths[PATH_APPLIANCE],
	        .bundles = s->paths[PATH_BUNDLES],
	        .cert = s->paths[PATH_CERT],
	        .key = s->paths[PATH_KEY],
	        .kernel = c->kernel,
	        .initrd = c->initrd,
	        .program = s->paths[PATH_PROGRAM],
	        .media = s->paths[PATH_MEDIA],
	        .escrow_socket = s->paths[PATH_SOCKET],
	        .hosts = s->paths[PATH_HOSTS],
	        .templates = c->templates,
	        .page = s->paths[PATH_PAGE],
	        .recipe = s->paths[PATH_RECIPE],
	        .address = c->address,
	        .http_port = c->http_port,
	        .https_port = c->https_port,
	        .prefix = c->prefix,
	        .gateway = c->gateway,
	        .scope = config_scope_name(c),
	        .at_once = c->at_once,
	        .loader = loaders_first_name(c),
	        .dry_run = c->dry_run ? "yes" : "no",
	        .metrics = s->metrics,
	        .wallboard = c->wallboard ? "yes" : "no",
	};

	web_options_argv(&options, s->self, s->numbers, s->web_argv);
	s->children[CHILD_WEB] = (struct child){.name = "web",
	        .argv = s->web_argv,
	        .uid = c->web.uid,
	        .gid = c->web.gid,
	        .output = -1};
}

static void init_escrow(struct serve *s)
{
	const struct config *c = &s->config;
	const char *argv[] = {s->escrow_program, "serve", "--state", s->paths[PATH_ESCROW],
	        "--settings-fd", settings_fd, "--listen-fd", listen_fd, "--web-uid", s->web_uid,
	        NULL};

	snprintf(s->web_uid, sizeof(s->web_uid), "%u", (unsigned)c->web.uid);
	memcpy(s->escrow_argv, argv, sizeof(argv));
	s->children[CHILD_ESCROW] = (struct child){.name = "escrow",
	        .argv = s->escrow_argv,
	        .uid = c->escrow.uid,
	        .gid = c->escrow.gid,
	        .output = -1};
}

static void init_fetch(struct serve *s)
{
	const struct config *c = &s->config;
	const char *argv[] = {s->fetch_program, "serve", "--settings-fd", settings_fd,
	        "--listen-fd", listen_fd, "--escrow-uid", s->escrow_uid, NULL};

	snprintf(s->escrow_uid, sizeof(s->escrow_uid), "%u", (unsigned)c->escrow.uid);
	memcpy(s->fetch_argv, argv, sizeof(argv));
	s->children[CHILD_FETCH] = (struct child){.name = "fetch",
	        .argv = s->fetch_argv,
	        .uid = c->fetch.uid,
	        .gid = c->fetch.gid,
	        .output = -1};
}

static void init_power(struct serve *s)
{
	const struct config *c = &s->config;
	const char *argv[] = {s->power_program, "serve", "--listen-fd", settings_fd, "--escrow-uid",
	        s->escrow_uid, NULL};

	memcpy(s->power_argv, argv, sizeof(argv));
	s->children[CHILD_POWER] = (struct child){.name = "power",
	        .argv = s->power_argv,
	        .uid = c->power.uid,
	        .gid = c->power.gid,
	        .output = -1};
}

static void init_watch(struct serve *s)
{
	const char *argv[] = {s->self, "watch", NULL};

	memcpy(s->watch_argv, argv, sizeof(argv));
	s->children[CHILD_WATCH] = (struct child){.name = "watch",
	        .argv = s->watch_argv,
	        .uid = s->config.web.uid,
	        .gid = s->config.web.gid,
	        .output = -1};
}

static void init_hooks(struct serve *s)
{
	const char *argv[] = {s->hooks_program, "serve", "--settings-fd", settings_fd, NULL};

	memcpy(s->hooks_argv, argv, sizeof(argv));
	s->children[CHILD_HOOKS] = (struct child){.name = "hooks",
	        .argv = s->hooks_argv,
	        .uid = s->config.web.uid,
	        .gid = s->config.web.gid,
	        .output = -1};
}

static void init_dnsmasq(struct serve *s, int output)
{
	const char *argv[] = {
	        s->config.dnsmasq, "--keep-in-foreground", "-C", s->paths[PATH_CONF], NULL};

	memcpy(s->dnsmasq_argv, argv, sizeof(argv));
	s->children[CHILD_DNSMASQ] = (struct child){.name = "dnsmasq",
	        .argv = s->dnsmasq_argv,
	        .capabilities = DNSMASQ_CAPABILITIES,
	        .output = output};
	dnsmasq_account(&s->children[CHILD_DNSMASQ].uid, &s->children[CHILD_DNSMASQ].gid);
}

/* What would keep web, escrow, fetch or hooks from starting is told before anything is started. */
static int try_settings(const struct serve *s, struct error *err)
{
	struct secret *place CLEANUP_SECRET = NULL;
	int fd;
	int r = store_place(&s->config, &place, err);

	if (r == 0) {
		r = settings_for_escrow(&s->config, &fd, err);
		if (r == 0)
			close(fd);
	}
	if (r == 0 && s->enabled[CHILD_FETCH]) {
		r = settings_for_fetch(&s->config, s->paths[PATH_FETCH], &fd, err);
		if (r == 0)
			close(fd);
	}
	if (r == 0 && s->enabled[CHILD_HOOKS]) {
		r = settings_for_hooks(&s->config, &fd, err);
		if (r == 0)
			close(fd);
	}
	return r;
}

/* Opened here, so that they stay while their owners are started again; web may ask escrow, escrow
 * may ask fetch and power. */
static int open_sockets(struct serve *s, struct error *err)
{
	gid_t escrow = s->config.escrow.gid;

	s->escrow_fd = listen_local(s->paths[PATH_SOCKET], s->config.web.gid, err);
	if (s->escrow_fd < 0)
		return s->escrow_fd;
	if (s->enabled[CHILD_FETCH])
		s->fetch_fd = listen_local(s->paths[PATH_FETCH_SOCKET], escrow, err);
	if (s->enabled[CHILD_FETCH] && s->fetch_fd < 0)
		return s->fetch_fd;
	if (s->enabled[CHILD_POWER])
		s->power_fd = listen_local(s->paths[PATH_POWER_SOCKET], escrow, err);
	return s->enabled[CHILD_POWER] && s->power_fd < 0 ? s->power_fd : 0;
}

/* Which of them are wanted, and where their programs are. */
static int find_programs(struct serve *s, struct error *err)
{
	const struct {
		int child;
		const char *name;
		char *program;
	} ours[] = {{CHILD_WEB, "netmend", s->self},
	        {CHILD_ESCROW, "netmend-escrow", s->escrow_program},
	        {CHILD_FETCH, "netmend-fetch", s->fetch_program},
	        {CHILD_POWER, "netmend-power", s->power_program},
	        {CHILD_HOOKS, "netmend-hooks", s->hooks_program}};
	int r = 0;

	for (int i = 0; i < CHILDREN; i++)
		s->enabled[i] = true;
	s->enabled[CHILD_DNSMASQ] = s->config.dhcp_mode != DHCP_OFF;
	s->enabled[CHILD_FETCH] = config_needs_fetch(&s->config);
	s->enabled[CHILD_POWER] = s->config.drive;
	s->enabled[CHILD_HOOKS] = s->config.hook_count > 0;
	for (size_t i = 0; r == 0 && i < sizeof(ours) / sizeof(ours[0]); i++)
		if (s->enabled[ours[i].child])
			r = serve_find_program(ours[i].name, ours[i].program, err);
	return r;
}

int serve_children_init(struct serve *s, struct error *err)
{
	int output[2];
	int r = find_programs(s, err);

	if (r < 0)
		return r;
	if (pipe2(output, O_CLOEXEC) < 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, -errno, REASON_INTERNAL, "no pipe: %s", strerror(errno));
	s->log_fd = output[0];
	init_paths(s);
	init_escrow(s);
	init_fetch(s);
	init_power(s);
	init_web(s);
	init_watch(s);
	init_hooks(s);
	init_dnsmasq(s, output[1]);
	r = try_settings(s, err);
	return r < 0 ? r : open_sockets(s, err);
}

void serve_children_end(struct serve *s)
{
	(void)unlink(s->paths[PATH_SOCKET]);
	(void)unlink(s->paths[PATH_FETCH_SOCKET]);
	(void)unlink(s->paths[PATH_POWER_SOCKET]);
}
