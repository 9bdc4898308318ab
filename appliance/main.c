/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/verb.h"
#include "appliance/supervisor/watch.h"
#include "appliance/web/routes.h"
#include "appliance/web/web.h"
#include "fixer/base/log.h"

#include <stdio.h>
#include <string.h>

/* For the test of openapi.json: what is compiled in. */
static void print_routes(const struct http_route *routes, size_t count, const char *scheme)
{
	for (size_t i = 0; i < count; i++)
		printf("%s %s %s\n", scheme, routes[i].method, routes[i].pattern);
}

static int run_web(int argc, char **argv)
{
	struct web_options options;
	struct error err = {0};

	if (argc == 2 && strcmp(argv[1], "--routes") == 0) {
		print_routes(routes_http, routes_http_count, "http");
		print_routes(routes_https, routes_https_count, "https");
		return CLI_OK;
	}
	log_init("netmend[web]", false);
	if (web_options_parse(argc, argv, &options, &err) < 0) {
		log_error("%s", err.text);
		return CLI_USAGE;
	}
	return web_main(&options) < 0 ? CLI_FAILED : CLI_OK;
}

static int run_watch(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return cli_usage("watch is started by serve");
	log_init("netmend[watch]", false);
	return watch_main() < 0 ? CLI_FAILED : CLI_OK;
}

/* What serve starts is no business of people: not in the table of verbs. */
int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "web") == 0)
		return run_web(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "watch") == 0)
		return run_watch(argc - 1, argv + 1);
	return cli_main(argc, argv);
}
