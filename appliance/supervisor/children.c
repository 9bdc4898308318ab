/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The four children of `netmend serve`. */
#include "appliance/supervisor/dnsmasq.h"
#include "appliance/supervisor/listen.h"
#include "appliance/supervisor/serve.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PATH_DATABASE,
	PATH_BUNDLES,
	PATH_CERT,
	PATH_KEY,
	PATH_SOCKET,
	PATH_HOSTS,
	PATH_RECIPE,
	PATH_PAGE,
	PATH_ESCROW,
	PATH_CONF
};

int serve_find_escrow(char self[STATE_PATH_MAX], char escrow[STATE_PATH_MAX], struct error *err)
{
	ssize_t n = readlink("/proc/self/exe", self, STATE_PATH_MAX - 1);

	if (n < 0)
		return error_set(err, -errno, REASON_INTERNAL, "cannot tell where netmend is: %s",
		        strerror(errno));
	self[n] = '\0';
	int folder = (int)(strrchr(self, '/') - self);
	snprintf(escrow, STATE_PATH_MAX, "%.*s/netmend-escrow", folder, self);
	if (access(escrow, X_OK) == 0)
		return 0;
	snprintf(escrow, STATE_PATH_MAX, "%s/libexec/netmend/netmend-escrow", NM_PREFIX);
	if (access(escrow, X_OK) == 0)
		return 0;
	return error_set(err, -ENOENT, REASON_CANNOT_OPEN,
	        "netmend-escrow is neither beside %s nor at %s: install it (make install)", self,
	        escrow);
}

static void init_paths(struct serve *s)
{
	const struct config *c = &s->config;

	state_path(s->paths[PATH_DATABASE], c->state, "web/netmend.db");
	state_path(s->paths[PATH_BUNDLES], c->state, "web/bundles");
	state_path(s->paths[PATH_CERT], c->state, "tls/cert.pem");
	state_path(s->paths[PATH_KEY], c->state, "tls/key.pem");
	state_path(s->paths[PATH_HOSTS], c->state, "dnsmasq/hosts");
	state_path(s->paths[PATH_CONF], c->state, DNSMASQ_CONF);
	state_path(s->paths[PATH_ESCROW], c->state, "escrow");
	state_path(s->paths[PATH_SOCKET], c->runtime, "escrow.sock");
	state_path(s->paths[PATH_RECIPE], c->runtime, "recipe.ini");
	state_path(s->paths[PATH_PAGE], c->runtime, "page");
}

static void init_web(struct serve *s)
{
	const struct config *c = &s->config;
	const struct web_options options = {
	        .http_fd = CHILD_FIRST_FD,
	        .https_fd = CHILD_FIRST_FD + 1,
	        .control_fd = CHILD_FIRST_FD + 2,
	        .database = s->paths[PATH_DATABASE],
	        .bundles = s->paths[PATH_BUNDLES],
	        .cert = s->paths[PATH_CERT],
	        .key = s->paths[PATH_KEY],
	        .kernel = c->kernel,
	        .initrd = c->initrd,
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
	        .dry_run = c->dry_run ? "yes" : "no",
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
	        "--socket", s->paths[PATH_SOCKET], "--web-uid", s->web_uid, NULL};

	snprintf(s->web_uid, sizeof(s->web_uid), "%u", (unsigned)c->web.uid);
	memcpy(s->escrow_argv, argv, sizeof(argv));
	s->children[CHILD_ESCROW] = (struct child){.name = "escrow",
	        .argv = s->escrow_argv,
	        .uid = c->escrow.uid,
	        .gid = c->escrow.gid,
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

int serve_children_init(struct serve *s, struct error *err)
{
	int output[2];
	int r = serve_find_escrow(s->self, s->escrow_program, err);

	if (r < 0)
		return r;
	if (pipe2(output, O_CLOEXEC) < 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, -errno, REASON_INTERNAL, "no pipe: %s", strerror(errno));
	s->log_fd = output[0];
	init_paths(s);
	init_escrow(s);
	init_web(s);
	init_watch(s);
	init_dnsmasq(s, output[1]);
	for (int i = 0; i < CHILDREN; i++)
		s->enabled[i] = i != CHILD_DNSMASQ || s->config.dhcp_mode != DHCP_OFF;
	return 0;
}

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

/* A new pair for each life of web: what the last one asked for concerns nobody any more. */
static void start_web(struct serve *s)
{
	struct child *web = &s->children[CHILD_WEB];
	int theirs;
	int r = make_pair(&s->web_fd, &theirs);

	if (r < 0) {
		log_error("no socket pair for web: %s", strerror(-r));
		child_postpone(web);
		return;
	}
	web->fds[0] = s->http_fd;
	web->fds[1] = s->https_fd;
	web->fds[2] = theirs;
	web->fd_count = 3;
	if (child_start(web) == 0)
		serve_tell_health(s);
	else
		close_ours(&s->web_fd);
	close(theirs);
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
	case CHILD_WEB:
		start_web(s);
		break;
	case CHILD_WATCH:
		start_watch(s);
		break;
	case CHILD_DNSMASQ:
		start_dnsmasq(s);
		break;
	default:
		(void)child_start(&s->children[which]); /* logged there, and tried again */
	}
}

void serve_ended(struct serve *s, int which, int status)
{
	child_ended(&s->children[which], status, s->stopping);
	if (which == CHILD_WEB) {
		uint32_t ids[RESYNC_PENDING_MAX];
		close_ours(&s->web_fd);
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
