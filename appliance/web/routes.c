/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/routes.h"

#include <stdio.h>

#define HANDLER(name, function, part)                           \
	static void name(struct http_request *r, void *context) \
	{                                                       \
		struct routes_context *c = context;             \
		function(r, &c->part);                          \
	}

HANDLER(boot_entry_handler, boot_entry, boot)
HANDLER(boot_script_handler, boot_script, boot)
HANDLER(boot_kernel_handler, boot_kernel, boot)
HANDLER(boot_initrd_handler, boot_initrd, boot)
HANDLER(session_open_handler, web_api_session_open, api)
HANDLER(release_handler, web_api_release, api)
HANDLER(events_handler, web_api_events, api)
HANDLER(journal_put_handler, web_api_journal_put, api)
HANDLER(journal_get_handler, web_api_journal_get, api)
HANDLER(result_handler, web_api_result, api)
HANDLER(snapshot_handler, web_api_snapshot, api)
HANDLER(machine_handler, web_api_machine, api)
HANDLER(feed_handler, web_api_feed, api)

static bool journal_admit(struct http_request *r, void *context)
{
	struct routes_context *c = context;

	return web_api_journal_admit(r, &c->api);
}

/* No redirect: a boot loader that strays here must not follow one. */
static void http_root_handler(struct http_request *r, void *context)
{
	const struct routes_context *c = context;
	char text[200];

	(void)snprintf(text, sizeof(text), "netmend: the status page is at %s/\n", c->url);
	http_reply_text(r, 200, "text/plain; charset=utf-8", text);
}

static void page_root_handler(struct http_request *r, void *context)
{
	const struct routes_context *c = context;

	http_reply_static(r, c->page, "index.html");
}

static void page_file_handler(struct http_request *r, void *context)
{
	const struct routes_context *c = context;

	http_reply_static(r, c->page, r->capture[0]);
}

#define GET(pattern, handler)                               \
	{                                                   \
		"GET", pattern, BODY_NONE, 0, NULL, handler \
	}
#define POST(pattern, handler)                                                   \
	{                                                                        \
		"POST", pattern, BODY_MEMORY, NM_MAX_REQUEST_BODY, NULL, handler \
	}

const struct http_route routes_http[] = {
        GET("/", http_root_handler),
        GET("/boot.ipxe", boot_entry_handler),
        GET("/boot/ipxe", boot_script_handler),
        GET("/boot/vmlinuz", boot_kernel_handler),
        GET("/boot/initrd.img", boot_initrd_handler),
};
const size_t routes_http_count = sizeof(routes_http) / sizeof(routes_http[0]);

const struct http_route routes_https[] = {
        POST(WIRE_PATH_SESSIONS, session_open_handler),
        GET(WIRE_PATH_SESSIONS "/{}/release", release_handler),
        POST(WIRE_PATH_SESSIONS "/{}/events", events_handler),
        {"PUT", WIRE_PATH_SESSIONS "/{}/journal", BODY_FILE, NM_MAX_BUNDLE, journal_admit,
                journal_put_handler},
        GET(WIRE_PATH_SESSIONS "/{}/journal", journal_get_handler),
        POST(WIRE_PATH_SESSIONS "/{}/result", result_handler),
        GET("/api/v1/snapshot", snapshot_handler),
        GET("/api/v1/machines/{}", machine_handler),
        GET("/api/v1/events", feed_handler),
        GET("/", page_root_handler),
        GET("/page/{}", page_file_handler),
};
const size_t routes_https_count = sizeof(routes_https) / sizeof(routes_https[0]);
