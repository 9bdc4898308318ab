/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pages are told of campaigns: each as it is, when it reads otherwise than the last time. */
#include "appliance/api/campaigns.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/store/hooks.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 10000 /* also when nothing happened: "in 12 minutes" becomes 11 */
/* A page gets so much at once, and the rest next. A campaign may have a long plan. */
#define TELL_MAX ((size_t)256 * 1024)

/* Every campaign there is, in order of number: nothing is queued for a page, it gets those that are
 * newer than what it has, as they are now. */
struct campaigns_told {
	unsigned version; /* grows with each change */
	int64_t sequence, changed, looked;
	bool failed; /* said once, until it has succeeded again */
	size_t count, room;
	struct told {
		int64_t id, changed; /* of the store */
		unsigned version;
		bool there, due; /* to be looked at */
		char *text;      /* NULL: deleted, or not looked at yet */
	} * all;
};

void campaigns_told_free(struct campaigns_told *c)
{
	for (size_t i = 0; c && i < c->count; i++)
		free(c->all[i].text);
	if (c)
		free(c->all);
	free(c);
}

/* ---- looking ---- */

/* Where it is, or belongs. */
static size_t place_of(const struct campaigns_told *c, int64_t id)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (c->all[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* NULL: no memory. */
static struct told *told_of(struct campaigns_told *c, int64_t id)
{
	size_t at = place_of(c, id);

	if (at < c->count && c->all[at].id == id)
		return &c->all[at];
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 16;
		struct told *all = reallocarray(c->all, room, sizeof(*all));
		if (!all)
			return NULL;
		c->all = all;
		c->room = room;
	}
	memmove(&c->all[at + 1], &c->all[at], (c->count - at) * sizeof(*c->all));
	c->count++;
	c->all[at] = (struct told){.id = id};
	return &c->all[at];
}

static int mark(const struct store_campaign_change *change, void *context)
{
	struct campaigns_told *c = context;
	struct told *t = told_of(c, change->id);

	if (!t)
		return -ENOMEM;
	t->there = true;
	/* One that is not live is another one only when somebody changed it. */
	t->due |= t->changed != change->changed || strcmp(change->state, "running") == 0 ||
	          strcmp(change->state, "paused") == 0 || strcmp(change->state, "stopped") == 0;
	t->changed = change->changed;
	return 0;
}

/* Takes over text. */
static void told_set(struct campaigns_told *c, struct told *t, char *text)
{
	free(t->text);
	t->text = text;
	t->version = ++c->version;
}

static int told_look(struct web_api *a, struct told *t)
{
	json_t *campaign;

	int r = campaign_show(a->fleet->store, t->id, a->fleet->clock(), &campaign);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* deleted meanwhile: the next look finds that */
	char *text = json_dumps(campaign, JSON_COMPACT);
	json_decref(campaign);
	if (!text)
		return -ENOMEM;
	t->due = false;
	if (t->text && strcmp(t->text, text) == 0)
		free(text);
	else
		told_set(a->campaigns, t, text);
	return 0;
}

static int look_at_all(struct web_api *a)
{
	struct campaigns_told *c = a->campaigns;
	int r = 0;

	for (size_t i = 0; i < c->count; i++)
		c->all[i].there = false;
	r = store_campaign_changes(a->fleet->store, 0, mark, c);
	for (size_t i = 0; r == 0 && i < c->count; i++) {
		struct told *t = &c->all[i];
		if (!t->there && t->text)
			told_set(c, t, NULL);
		if (t->there && t->due)
			r = told_look(a, t);
	}
	return r;
}

static int look(struct web_api *a)
{
	struct campaigns_told *c = a->campaigns;
	int64_t sequence, changed, now = http_clock();

	int r = store_sequence(a->fleet->store, &sequence);
	if (r == 0)
		r = store_campaigns_changed(a->fleet->store, &changed);
	if (r < 0 || (sequence == c->sequence && changed == c->changed && c->looked &&
	                     now - c->looked < LOOK_MS))
		return r;
	r = look_at_all(a);
	if (r < 0)
		return r;
	c->sequence = sequence;
	c->changed = changed;
	c->looked = now;
	return 0;
}

bool campaigns_told_look(struct web_api *a)
{
	if (!a->campaigns)
		a->campaigns = calloc(1, sizeof(*a->campaigns));
	if (!a->campaigns)
		return false;
	unsigned before = a->campaigns->version;
	int r = look(a);
	if (r < 0 && !a->campaigns->failed)
		log_error("campaigns of the page: %s", strerror(-r));
	a->campaigns->failed = r < 0;
	return a->campaigns->version != before;
}

/* ---- telling ---- */

/* The one that changed first after that; NULL: none. */
static const struct told *next_after(const struct campaigns_told *c, unsigned version)
{
	const struct told *next = NULL;

	for (size_t i = 0; i < c->count; i++)
		if (c->all[i].version > version && (!next || c->all[i].version < next->version))
			next = &c->all[i];
	return next;
}

int campaigns_told_since(const struct web_api *a, unsigned *seen, struct buffer *out)
{
	const struct campaigns_told *c = a->campaigns;
	const struct told *t;
	int r = 0;

	while (c && r == 0 && out->len < TELL_MAX && (t = next_after(c, *seen)) != NULL) {
		r = t->text ? buffer_printf(out, "event: campaign\ndata: %s\n\n", t->text)
		            : buffer_printf(out,
		                      "event: campaign-gone\ndata: {\"campaign\":%lld}\n\n",
		                      (long long)t->id);
		if (r == 0)
			*seen = t->version;
	}
	return r;
}
