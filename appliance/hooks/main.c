/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmend-hooks: tells other systems what happens to machines and campaigns. */
#include "appliance/hooks/run.h"
#include "appliance/hooks/walls.h"
#include "appliance/web/appliance.h"
#include "fixer/base/json_wipe.h"
#include "fixer/base/log.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "usage: netmend-hooks serve --settings-fd N\n"
                            "Tells webhooks of changes; started by `netmend serve`.\n";

static int signals_open(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int serve(const struct hook_settings *settings, int stop, struct error *err)
{
	const char *place = (const char *)settings->store->data;
	struct store *store = NULL;
	char holder[APPLIANCE_ID];

	int r = appliance_id(settings->id_file, holder, err);
	if (r == 0)
		r = store_open(place, &store, err);
	if (r == 0 && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	if (r == 0)
		r = hooks_walls_raise(place, store, err);
	if (r == 0) {
		r = hooks_run(store, settings, holder, stop);
		if (r < 0)
			(void)error_set(err, r, REASON_INTERNAL, "webhooks: %s", strerror(-r));
	}
	store_close(store);
	return r;
}

int main(int argc, char **argv)
{
	static struct hook_settings settings;
	struct error err = {0};
	char *end = NULL;

	log_init("netmend-hooks", false);
	json_wipe_init(); /* the settings hold passwords */
	(void)umask(077);
	long fd =
	        argc == 4 && strcmp(argv[1], "serve") == 0 && strcmp(argv[2], "--settings-fd") == 0
	                ? strtol(argv[3], &end, 10)
	                : -1;
	if (fd < 0 || fd > 65535 || !end || *end) {
		(void)fputs(usage, stderr);
		return 2;
	}
	int r = secrets_init();
	if (r < 0) {
		log_error("cannot protect the process's memory: %s", strerror(-r));
		return 1;
	}
	int stop = signals_open();
	r = stop < 0 ? error_set(&err, stop, REASON_INTERNAL, "no signals: %s", strerror(-stop))
	             : hook_settings_read((int)fd, &settings, &err);
	if (r == 0)
		r = serve(&settings, stop, &err);
	if (r < 0)
		log_error("%s", err.text);
	hook_settings_clear(&settings);
	return r < 0;
}
