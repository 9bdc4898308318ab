/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/private.h"

/* Deadlines are met this much later at most: with thousands that wait, one walk serves many. */
#define COARSE_MS 64

static struct http_waiter **bucket_of(struct http_server *h, uint64_t key)
{
	return &h->waiters[(key ^ key >> 56) % WAITER_BUCKETS];
}

void waiter_add(struct http_server *h, struct http_waiter *w, uint64_t key, int64_t until)
{
	struct http_waiter **bucket = bucket_of(h, key);

	w->key = key;
	w->until = until;
	w->next = *bucket;
	w->link = bucket;
	if (w->next)
		w->next->link = &w->next;
	*bucket = w;
	int64_t deadline = until / COARSE_MS * COARSE_MS + COARSE_MS;
	if (deadline < h->next_deadline)
		h->next_deadline = deadline;
	MHD_suspend_connection(w->connection);
}

void waiter_remove(struct http_waiter *w)
{
	if (!w->link)
		return;
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	w->link = NULL;
	w->next = NULL;
}

static void waiter_resume(struct http_server *h, struct http_waiter *w)
{
	waiter_remove(w);
	h->resumed = true;
	MHD_resume_connection(w->connection);
}

void http_wake(struct http_server *h, uint64_t key)
{
	for (struct http_waiter *w = *bucket_of(h, key), *next; w; w = next) {
		next = w->next;
		if (w->key == key)
			waiter_resume(h, w);
	}
}

void http_settled(struct http_server *h, bool ok)
{
	for (struct http_waiter *w = *bucket_of(h, WAITER_HELD); !ok && w; w = w->next)
		if (w->key == WAITER_HELD) /* a request's, and no stream's */
			((struct http_private *)((char *)w - offsetof(struct http_private, waiter)))
			        ->lost = true;
	http_wake(h, WAITER_HELD);
}

void waiters_expire(struct http_server *h, int64_t now)
{
	int64_t earliest = INT64_MAX - COARSE_MS;

	if (now < h->next_deadline)
		return;
	for (size_t i = 0; i < WAITER_BUCKETS; i++) {
		for (struct http_waiter *w = h->waiters[i], *next; w; w = next) {
			next = w->next;
			if (w->until <= now)
				waiter_resume(h, w);
			else if (w->until < earliest)
				earliest = w->until;
		}
	}
	h->next_deadline = earliest < INT64_MAX - COARSE_MS
	                           ? earliest / COARSE_MS * COARSE_MS + COARSE_MS
	                           : INT64_MAX;
}

void waiters_resume_all(struct http_server *h)
{
	for (size_t i = 0; i < WAITER_BUCKETS; i++)
		while (h->waiters[i])
			waiter_resume(h, h->waiters[i]);
}

void http_suspend(struct http_request *r, uint64_t key, int64_t until)
{
	struct http_private *p = r->private;

	p->waiter.connection = p->connection;
	waiter_add(p->server, &p->waiter, key, until);
}
