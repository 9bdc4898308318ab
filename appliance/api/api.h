/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of include/netmend/README.md, server side. Nothing here keeps state that a restart
 * would lose but who is waiting. */
#ifndef API_API_H
#define API_API_H

#include "appliance/api/escrow_client.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/sync.h"
#include "appliance/http/http.h"

/* What http_wake() wakes; the low bits are an id. */
#define WAKE_SESSION ((uint64_t)1 << 56)
#define WAKE_SYNC    ((uint64_t)2 << 56)
#define WAKE_FEED    ((uint64_t)3 << 56)

struct release;

struct web_api {
	struct fleet *fleet;       /* borrowed, as all pointers of the first block */
	struct http_server *https; /* set once it runs */
	struct sync *sync;
	struct escrow_client *escrow;
	const char *bundles; /* directory */
	const char *recipe;  /* INI text */
	const char *recipe_name;
	const char *url; /* "https://ADDRESS[:PORT]" */

	bool dhcp_ok;
	char dhcp_text[160];
	unsigned appliance_changes; /* counts changes of what the appliance object shows */
	unsigned feeds;             /* pages connected */
	bool feed_due;              /* a machine changed since the pages were woken */
	int64_t feed_woken;
	struct release *releases; /* sessions waiting for their key */
};

/* The fixer's calls. */
void web_api_session_open(struct http_request *r, struct web_api *a);
void web_api_release(struct http_request *r, struct web_api *a);
void web_api_events(struct http_request *r, struct web_api *a);
bool web_api_journal_admit(struct http_request *r, struct web_api *a);
void web_api_journal_put(struct http_request *r, struct web_api *a);
void web_api_journal_get(struct http_request *r, struct web_api *a);
void web_api_result(struct http_request *r, struct web_api *a);

/* The page's calls. */
void web_api_snapshot(struct http_request *r, struct web_api *a);
void web_api_machine(struct http_request *r, struct web_api *a);
void web_api_feed(struct http_request *r, struct web_api *a);

/* The appliance object changed (dnsmasq, escrow). */
void web_api_appliance_changed(struct web_api *a);
/* Wakes the pages when something changed, but not more often than they can draw. Returns the ms
 * until something has to be done: 0, http_run() for those woken; -1, nothing until something
 * changes. */
int web_api_feed_run(struct web_api *a, int64_t now);
/* Once a second. */
void web_api_tick(struct web_api *a, int64_t now);
void web_api_free(struct web_api *a);

/* Escrow's answer to a release asked for this session, or NULL when the connection was lost before
 * it came. */
void web_api_release_answer(struct web_api *a, int64_t session, json_t *answer);

#endif
