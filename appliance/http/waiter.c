/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/private.h"

void waiter_add(struct http_server *h, struct http_waiter *w, uint64_t key, int64_t until)
{
	w->key = key;
	w->until = until;
	w->next = h->waiters;
	w->link = &h->waiters;
	if (w->next)
		w->next->link = &w->next;
	h->waiters = w;
	if (until < h->next_deadline)
		h->next_deadline = until;
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

static void waiter_resume(struct http_waiter *w)
{
	waiter_remove(w);
	MHD_resume_connection(w->connection);
}

void http_wake(struct http_server *h, uint64_t key)
{
	for (struct http_waiter *w = h->waiters, *next; w; w = next) {
		next = w->next;
		if (w->key == key)
			waiter_resume(w);
	}
}

void waiters_expire(struct http_server *h, int64_t now)
{
	int64_t earliest = INT64_MAX;

	if (now < h->next_deadline)
		return;
	for (struct http_waiter *w = h->waiters, *next; w; w = next) {
		next = w->next;
		if (w->until <= now)
			waiter_resume(w);
		else if (w->until < earliest)
			earliest = w->until;
	}
	h->next_deadline = earliest;
}

void waiters_resume_all(struct http_server *h)
{
	while (h->waiters)
		waiter_resume(h->waiters);
}

void http_suspend(struct http_request *r, uint64_t key, int64_t until)
{
	struct http_private *p = r->private;

	p->waiter.connection = p->connection;
	waiter_add(p->server, &p->waiter, key, until);
}
