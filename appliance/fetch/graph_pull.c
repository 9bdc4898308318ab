/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every record Entra ID has: the list, page by page, and each record's key, which is one call and
 * one event in Entra's audit log. A few threads read keys, so that a large tenant takes minutes and
 * not hours; lookups find room between them.
 */
#include "appliance/fetch/graph_api.h"

#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define READERS   3 /* of GRAPH_AT_ONCE: the rest is for machines that wait */
#define PAGES_MAX 10000
/* A pull waits as long as Graph asks it to. */
#define CALL_MS (15 * 60 * 1000)

struct pull {
	struct graph *graph;
	int (*each)(void *context, const struct source_record *r);
	void *context;

	pthread_mutex_t lock; /* of everything below, and held while each() runs */
	struct graph_page page;
	size_t next;      /* record to be read */
	struct error err; /* the first failure: it ends the pull */
};

static const struct graph_record *take_record(struct pull *p)
{
	const struct graph_record *record = NULL;

	pthread_mutex_lock(&p->lock);
	if (p->err.code == 0 && p->next < p->page.count)
		record = &p->page.records[p->next++];
	pthread_mutex_unlock(&p->lock);
	return record;
}

static void keep_failure(struct pull *p, const struct error *err)
{
	pthread_mutex_lock(&p->lock);
	if (p->err.code == 0)
		p->err = *err;
	pthread_mutex_unlock(&p->lock);
}

static void give(struct pull *p, const struct graph_record *record, const struct secret *key)
{
	char host[64] = "";

	if (record->device[0])
		(void)snprintf(host, sizeof(host), "Entra device %s", record->device);
	const struct source_record found = {.protector = record->id,
	        .password = (const char *)key->data,
	        .host = host,
	        .changed = record->created};
	pthread_mutex_lock(&p->lock);
	if (p->err.code == 0 && p->each(p->context, &found) != 0)
		(void)error_set(&p->err, -ECANCELED, REASON_SOURCE_FAILED, "broken off");
	pthread_mutex_unlock(&p->lock);
}

/* A record that is gone meanwhile is no failure, nor one that does not show its key: that is told.
 */
static void read_one(struct pull *p, const struct graph_record *record)
{
	struct secret *key CLEANUP_SECRET = NULL;
	struct error err = {0};
	char id[GUID_TEXT];
	int r = graph_get_key(p->graph, &record->id, https_clock() + CALL_MS, &key, &err);

	if (r == 0) {
		give(p, record, key);
	} else if (r == -ENOENT) {
		guid_format(&record->id, id);
		log_warning("Entra ID, recovery key %s is left out: %s", id, err.text);
	} else {
		keep_failure(p, &err);
	}
}

static void *read_some(void *pull)
{
	const struct graph_record *record;

	while ((record = take_record(pull)))
		read_one(pull, record);
	return NULL;
}

/* The keys of the page at hand, by this thread and, when they can be made, others. */
static void read_page(struct pull *p)
{
	pthread_t helpers[READERS - 1];
	size_t count = 0;

	p->next = 0;
	while (count < READERS - 1 && pthread_create(&helpers[count], NULL, read_some, p) == 0)
		count++;
	(void)read_some(p);
	while (count > 0)
		(void)pthread_join(helpers[--count], NULL);
}

/* The page behind this one takes its place. */
static int turn_page(struct pull *p, struct error *err)
{
	struct graph_page next = {0};
	int r = graph_get_page(p->graph, p->page.next, https_clock() + CALL_MS, &next, err);

	if (r == 0 && next.next && strcmp(next.next, p->page.next) == 0) {
		graph_page_clear(&next);
		r = error_set(err, -ELOOP, REASON_SOURCE_FAILED, "%s: its list goes in a circle",
		        p->graph->api);
	}
	if (r < 0)
		return r;
	graph_page_clear(&p->page);
	p->page = next;
	return 0;
}

static int read_all(struct pull *p, struct error *err)
{
	int r = graph_get_page(p->graph, NULL, https_clock() + CALL_MS, &p->page, err);

	for (unsigned pages = 1; r == 0; pages++) {
		read_page(p);
		if (p->err.code < 0)
			*err = p->err;
		if (p->err.code < 0 || !p->page.next)
			return p->err.code;
		if (pages == PAGES_MAX)
			return error_set(err, -E2BIG, REASON_SOURCE_FAILED,
			        "%s: its list has no end after %u pages", p->graph->api, pages);
		r = turn_page(p, err);
	}
	return r;
}

int graph_pull(void *source, int (*each)(void *context, const struct source_record *r),
        void *context, struct error *err)
{
	struct pull p = {.graph = source, .each = each, .context = context};

	pthread_mutex_init(&p.lock, NULL);
	int r = read_all(&p, err);
	pthread_mutex_destroy(&p.lock);
	graph_page_clear(&p.page);
	return r;
}
