/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which controller is asked: the first of the list that works. One that failed rests a while, then
 * the next question tries it again, so that everybody is back at the first when it is back.
 */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool server_gone(int rc)
{
	return rc == LDAP_SERVER_DOWN || rc == LDAP_CONNECT_ERROR || rc == LDAP_TIMEOUT ||
	       rc == LDAP_UNAVAILABLE || rc == LDAP_BUSY || rc == LDAP_DECODING_ERROR;
}

int ldap_failed(struct error *err, const struct ldap_controller *c, LDAP *ld, int rc)
{
	char said[200];

	if (server_gone(rc))
		return error_set(err, -ECONNREFUSED, REASON_SOURCE_UNREACHABLE, "%s: %s", c->uri,
		        ldap_err2string(rc));
	ldap_said(ld, said, sizeof(said));
	return error_set(err, -EIO, REASON_SOURCE_FAILED, "%s: %s%s%s", c->host,
	        ldap_err2string(rc), said[0] ? ": " : "", said);
}

/* --- links that wait to be used again; the lock is held */

static struct ldap_link *take_idle(struct ldap_source *s, size_t controller)
{
	for (struct ldap_link **at = &s->idle; *at; at = &(*at)->next) {
		struct ldap_link *link = *at;
		if (link->controller != controller)
			continue;
		*at = link->next;
		s->idle_count--;
		return link;
	}
	return NULL;
}

/* Those of controller (all: -1) that are idle since before then, chained, to be closed without the
 * lock: that says goodbye to a server. */
static struct ldap_link *take_old(struct ldap_source *s, ssize_t controller, int64_t then)
{
	struct ldap_link *out = NULL, **at = &s->idle;

	while (*at) {
		struct ldap_link *link = *at;
		if ((controller >= 0 && link->controller != (size_t)controller) ||
		        link->idle_since > then) {
			at = &link->next;
			continue;
		}
		*at = link->next;
		s->idle_count--;
		link->next = out;
		out = link;
	}
	return out;
}

static void close_all(struct ldap_link *list)
{
	while (list) {
		struct ldap_link *link = list;
		list = link->next;
		ldap_link_close(link);
	}
}

void ldap_give_back(struct ldap_source *s, struct ldap_link *link, bool good)
{
	int64_t now = ldap_now();

	if (good) {
		link->used = true;
		link->idle_since = now;
		pthread_mutex_lock(&s->lock);
		struct ldap_link *old = take_old(s, -1, now - LDAP_IDLE_MS);
		if (s->idle_count < LDAP_IDLE_MAX) {
			link->next = s->idle;
			s->idle = link;
			s->idle_count++;
			link = NULL;
		}
		pthread_mutex_unlock(&s->lock);
		close_all(old);
	}
	if (link)
		ldap_link_close(link);
}

/* --- controllers up and down */

static void note_up(struct ldap_source *s, size_t controller)
{
	pthread_mutex_lock(&s->lock);
	s->controllers[controller].down = false;
	pthread_mutex_unlock(&s->lock);
}

static void note_down(struct ldap_source *s, size_t controller, const struct error *err)
{
	struct ldap_controller *c = &s->controllers[controller];
	int64_t now = ldap_now();

	pthread_mutex_lock(&s->lock);
	c->down = true;
	c->rest_until = now + LDAP_REST_MS;
	c->why = err->reason;
	memcpy(c->text, err->text, sizeof(c->text));
	struct ldap_link *stale = take_old(s, (ssize_t)controller, now);
	pthread_mutex_unlock(&s->lock);
	close_all(stale);
}

struct ldap_link *ldap_try(
        struct ldap_source *s, size_t controller, int64_t deadline, struct error *err)
{
	if (ldap_login_rests(s, err) < 0)
		return NULL;
	struct ldap_link *link = ldap_open_link(s, controller, deadline, err);
	if (link)
		note_up(s, controller);
	else
		note_down(s, controller, err);
	return link;
}

static bool fits(const struct ldap_controller *c, const struct ldap_want *want)
{
	return c->catalog == want->catalog &&
	       (!want->domain[0] || !c->domain[0] || strcasecmp(c->domain, want->domain) == 0);
}

/* What to do with controller i: take its idle link, connect to it, or pass it over. */
static bool may_use(struct ldap_source *s, size_t i, const struct ldap_want *want,
        struct ldap_link **ret_idle, struct error *first)
{
	struct ldap_controller *c = &s->controllers[i];
	bool use = false;

	pthread_mutex_lock(&s->lock);
	if (fits(c, want)) {
		*ret_idle = take_idle(s, i);
		use = *ret_idle || !c->down || ldap_now() >= c->rest_until;
		if (!use && first->code == 0)
			(void)error_set(first, -ECONNREFUSED, c->why, "%s", c->text);
		/* One tries again; the others go on passing it over meanwhile. */
		if (use && c->down)
			c->rest_until = ldap_now() + LDAP_REST_MS;
	}
	pthread_mutex_unlock(&s->lock);
	return use;
}

static int nobody(const struct ldap_want *want, struct error *err)
{
	return error_set(err, -ENOENT, REASON_SOURCE_FAILED,
	        "no controller of %s in url: add one of that domain", want->domain);
}

/* A link to the first controller from *at on that works; *at is its number then. */
static struct ldap_link *choose(
        struct ldap_source *s, const struct ldap_want *want, size_t *at, struct error *first)
{
	for (; *at < s->controller_count; (*at)++) {
		struct ldap_link *link = NULL;
		struct error err = {0};
		if (!may_use(s, *at, want, &link, first))
			continue;
		if (!link)
			link = ldap_try(s, *at, want->deadline, &err);
		if (link && fits(&s->controllers[*at], want))
			return link;
		if (link) /* it serves another domain, as is known now */
			ldap_give_back(s, link, true);
		else if (first->code == 0)
			*first = err;
		if (err.reason == REASON_SOURCE_LOGIN || ldap_now() >= want->deadline)
			return NULL; /* the same login is refused by the next one, too, and counted
			              */
	}
	return NULL;
}

int ldap_with(struct ldap_source *s, const struct ldap_want *want,
        int (*ask)(struct ldap_source *s, struct ldap_link *link, void *context), void *context,
        int *ret_rc, struct error *err)
{
	struct error first = {0};
	struct ldap_link *link;
	size_t at = 0;

	while ((link = choose(s, want, &at, &first))) {
		int rc = ask(s, link, context);
		if (!server_gone(rc)) {
			ldap_give_back(s, link, true);
			*ret_rc = rc;
			return 0;
		}
		struct error failed = {0};
		(void)ldap_failed(&failed, &s->controllers[at], link->ld, rc);
		bool closed_meanwhile = link->used && rc != LDAP_TIMEOUT;
		ldap_give_back(s, link, false);
		if (closed_meanwhile)
			continue; /* the same once more: the next idle link, in the end a new one */
		note_down(s, at, &failed);
		if (first.code == 0)
			first = failed;
		at++;
	}
	if (first.code == 0)
		return nobody(want, err);
	*err = first;
	return first.code;
}
