/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmend-fetch: the command line. */
#include "appliance/fetch/server.h"
#include "appliance/fetch/walls.h"
#include "appliance/fetch/wipe.h"
#include "appliance/guard/guard.h"
#include "appliance/guard/wiping_heap.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
        "usage: netmend-fetch serve --settings-fd N --listen-fd N | --socket PATH --escrow-uid N\n"
        "       netmend-fetch check --settings-fd N\n"
        "Asks the places recovery passwords are kept; usually started by `netmend serve`.\n"
        "check prints a line for each source: name, type, reason and what it means, between "
        "tabs.\n";

struct options {
	int settings_fd, listen_fd;
	const char *socket;
	uid_t escrow_uid;
	bool have_escrow_uid;
};

struct places {
	struct source_settings settings;
	size_t count;
	struct place *list[NM_MAX_SOURCES];
};

static int fail(const struct error *err)
{
	log_error("%s", err->text);
	return 1;
}

static int open_places(int settings_fd, struct places *ret, struct error *err)
{
	int r = source_settings_read(settings_fd, &ret->settings, err);

	for (size_t i = 0; r == 0 && i < ret->settings.count; i++) {
		ret->list[i] = place_new(&ret->settings.sources[i]);
		if (!ret->list[i])
			return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
		ret->count++;
	}
	return r;
}

/* Returns status, or ends with it: a thread that is stuck in somebody's network still uses what
 * exit() would clear away. */
static int close_places(struct places *p, int status)
{
	if (!place_stop_all(p->list, p->count))
		_exit(status);
	source_settings_clear(&p->settings);
	return status;
}

/* What a parser of the network leaves behind must not open anything of ours: the socket is there
 * before, everything else comes by the settings. */
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
	struct places places = {0};
	struct error err = {0};
	int r = open_places(o->settings_fd, &places, &err);
	int fd = r == 0 ? open_socket(o, &err) : -1;

	if (r == 0)
		r = fd;
	if (r >= 0)
		r = walls_raise(&places.settings, &err);
	if (r >= 0)
		r = source_server_run(fd, o->escrow_uid, places.list, places.count, &err);
	if (fd >= 0)
		(void)close(fd);
	return close_places(&places, r < 0 ? fail(&err) : 0);
}

/* 0: every source is as it should be; 3: one is not. */
static int do_check(const struct options *o)
{
	struct places places = {0};
	struct error err = {0};
	int r = open_places(o->settings_fd, &places, &err);

	if (r == 0)
		r = walls_raise(&places.settings, &err);
	int status = r < 0 ? fail(&err) : 0;
	for (size_t i = 0; r == 0 && i < places.count; i++) {
		char text[320];
		enum reason reason = place_check(places.list[i], text, sizeof(text));
		printf("%s\t%s\t%s\t%s\n", places.settings.sources[i].name,
		        places.settings.sources[i].type, reason_code(reason), text);
		(void)fflush(stdout);
		if (reason != REASON_OK)
			status = 3;
	}
	return close_places(&places, status);
}

static bool parse_number(const char *text, long max, long *ret)
{
	char *end;

	errno = 0;
	*ret = strtol(text, &end, 10);
	return end != text && *end == 0 && errno == 0 && *ret >= 0 && *ret <= max;
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {{"settings-fd", required_argument, NULL, 's'},
	        {"listen-fd", required_argument, NULL, 'l'},
	        {"socket", required_argument, NULL, 'k'},
	        {"escrow-uid", required_argument, NULL, 'u'}, {0}};
	bool good = true;
	long n = 0;
	int c;

	*o = (struct options){.settings_fd = -1, .listen_fd = -1};
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'k') {
			o->socket = optarg;
			continue;
		}
		good = good && c != '?' && parse_number(optarg, c == 'u' ? UINT32_MAX : 65535, &n);
		if (c == 's')
			o->settings_fd = (int)n;
		else if (c == 'l')
			o->listen_fd = (int)n;
		else
			o->escrow_uid = (uid_t)n;
		o->have_escrow_uid = o->have_escrow_uid || c == 'u';
	}
	return good && optind == argc && o->settings_fd >= 0 ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct options o;
	const char *verb = argc > 1 ? argv[1] : "";
	bool good = argc > 1 && parse_options(argc - 1, argv + 1, &o) == 0;

	log_init("netmend-fetch", false);
	(void)umask(077);
	/* libldap writes to servers that have gone. Programs of a source get it back. */
	(void)signal(SIGPIPE, SIG_IGN);
	wipe_init();
	if (secrets_init() < 0) {
		log_error("cannot protect the process's memory");
		return 1;
	}
	if (strcmp(verb, "--help") == 0) {
		(void)fputs(usage, stdout);
		return 0;
	}
	if (good && strcmp(verb, "check") == 0 && o.listen_fd < 0 && !o.socket)
		return do_check(&o);
	if (good && strcmp(verb, "serve") == 0 && o.have_escrow_uid &&
	        (o.listen_fd >= 0) != (o.socket != NULL))
		return do_serve(&o);
	(void)fputs(usage, stderr);
	return 2;
}
