/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmend-power: the command line. */
#include "appliance/guard/guard.h"
#include "appliance/guard/wiping_heap.h"
#include "appliance/power/command.h"
#include "appliance/power/server.h"
#include "appliance/power/walls.h"
#include "fixer/base/json_wipe.h"
#include "fixer/base/log.h"
#include "fixer/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
        "usage: netmend-power serve --listen-fd N | --socket PATH --escrow-uid N\n"
        "%sDrives management controllers (BMCs); usually started by `netmend serve`.\n"
        "order does one order in this process and prints what came of it as JSON: for trying\n"
        "one controller out. The password is the first line of FILE, or of standard input (-).\n"
        "ORDER: status, check, boot, media, eject, on, off, cycle, console.\n";

struct options {
	int listen_fd;
	const char *socket;
	uid_t escrow_uid;
	bool have_escrow_uid;
};

/* The socket is there before the walls are: nothing is opened behind them. */
static int open_socket(const struct options *o, struct error *err)
{
	if (o->socket)
		return guard_listen(o->socket, err);
	/* It came through exec, so it is not close-on-exec and may block. */
	if (fcntl(o->listen_fd, F_SETFD, FD_CLOEXEC) < 0 ||
	        fcntl(o->listen_fd, F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, -errno, REASON_USAGE, "--listen-fd %d: %s", o->listen_fd,
		        strerror(errno));
	return o->listen_fd;
}

static int do_serve(const struct options *o)
{
	struct error err = {0};
	int fd = open_socket(o, &err);
	int r = fd < 0 ? fd : power_walls_raise(&err);

	if (r == 0)
		r = power_server_run(fd, o->escrow_uid, &err);
	if (r < 0)
		log_error("%s", err.text);
	/* A thread may be in somebody's network still, and use what exit() would clear away. */
	_exit(r < 0 ? 1 : 0);
}

static bool parse_number(const char *text, long max, long *ret)
{
	char *end;

	errno = 0;
	*ret = strtol(text, &end, 10);
	return end != text && *end == 0 && errno == 0 && *ret >= 0 && *ret <= max;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {{"listen-fd", required_argument, NULL, 'l'},
	        {"socket", required_argument, NULL, 'k'},
	        {"escrow-uid", required_argument, NULL, 'u'}, {0}};
	bool good = true;
	long n = 0;
	int c;

	*o = (struct options){.listen_fd = -1};
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'k') {
			o->socket = optarg;
			continue;
		}
		good = good && c != '?' && parse_number(optarg, c == 'u' ? UINT32_MAX : 65535, &n);
		if (c == 'l')
			o->listen_fd = (int)n;
		else
			o->escrow_uid = (uid_t)n;
		o->have_escrow_uid = o->have_escrow_uid || c == 'u';
	}
	return good && optind == argc && o->have_escrow_uid &&
	       (o->listen_fd >= 0) != (o->socket != NULL);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct options o;
	int status = 2;

	log_init("netmend-power", false);
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	json_wipe_init();
	if (secrets_init() < 0) {
		log_error("cannot protect the process's memory");
		return 1;
	}
	if (strcmp(verb, "--help") == 0) {
		(void)printf(usage, power_command_usage);
		return 0;
	}
	if (strcmp(verb, "serve") == 0 && parse_options(argc - 1, argv + 1, &o))
		return do_serve(&o);
	if (strcmp(verb, "order") == 0)
		status = power_command(argc - 1, argv + 1);
	if (status == 2)
		(void)fprintf(stderr, usage, power_command_usage);
	return status;
}
