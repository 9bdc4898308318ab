/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Entra ID by Microsoft Graph. A record's id is the protector's GUID, so that a key is one GET
 * away; each such GET writes an event to Entra's audit log (KeyManagement, "Read BitLocker key").
 */
#include "appliance/fetch/graph_api.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A little less than the frame waits, so that what happened is told by us. */
#define LOOKUP_MS (NM_SOURCE_SECONDS * 1000 - 500)

static void graph_close(void *source)
{
	struct graph *g = source;

	graph_login_free(g->login);
	https_client_free(g->https);
	(void)sem_destroy(&g->slots);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static int graph_open(const struct source_options *o, void **ret, struct error *err)
{
	struct graph *g = calloc(1, sizeof(*g));

	if (!g)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	pthread_mutex_init(&g->lock, NULL);
	(void)sem_init(&g->slots, 0, GRAPH_AT_ONCE);
	int r = graph_origin(o, "api", "https://graph.microsoft.com", g->api, sizeof(g->api), err);
	if (r == 0 &&
	        https_client_new("netmend/" NETMEND_VERSION, source_option(o, "ca"), &g->https) < 0)
		r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for HTTPS");
	if (r == 0)
		r = graph_login_new(o, g->api, g->https, &g->login, err);
	if (r == 0)
		*ret = g;
	else
		graph_close(g);
	return r;
}

static enum reason graph_lookup(
        void *source, const struct source_question *q, struct source_answer *ret)
{
	struct graph *g = source;
	struct source_candidate *c = &ret->candidates[0];
	struct error err = {0};
	char id[GUID_TEXT];

	if (graph_get_key(g, &q->protector, https_clock() + LOOKUP_MS, &c->password, &err) < 0) {
		(void)snprintf(ret->text, sizeof(ret->text), "%s", err.text);
		return err.reason;
	}
	guid_format(&q->protector, id);
	(void)snprintf(c->origin, sizeof(c->origin), "Entra ID, recovery key %s", id);
	ret->count = 1;
	return REASON_OK;
}

/* No key is read here: that would be an event in the audit log each time. */
static enum reason graph_check(void *source, char *text, size_t size)
{
	struct graph *g = source;
	struct graph_page page;
	struct error err = {0};

	if (graph_get_page(g, NULL, https_clock() + LOOKUP_MS, &page, &err) < 0) {
		(void)snprintf(text, size, "%s", err.text);
		return err.reason;
	}
	size_t count = page.count;
	bool more = page.next;
	graph_page_clear(&page);
	if (count == 0) {
		(void)snprintf(text, size,
		        "logged in, but the list of recovery keys is empty: Entra ID has none, or "
		        "shows "
		        "them to others only");
		return REASON_SOURCE_NO_RIGHTS;
	}
	(void)snprintf(text, size,
	        "logged in, %zu%s recovery keys listed; whether keys may be read "
	        "shows when the first one is asked for",
	        count, more ? " and more" : "");
	return REASON_OK;
}

const struct source_ops source_graph = {.type = "graph",
        .workers = GRAPH_AT_ONCE,
        .open = graph_open,
        .close = graph_close,
        .lookup = graph_lookup,
        .check = graph_check,
        .pull = graph_pull};
