/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Once a second: each live campaign, by the one appliance that has the lease. */
#include "appliance/fleet/campaign/run.h"
#include "appliance/store/leases.h"
#include "fixer/base/cleanup.h"

#include <errno.h>

#define LOOK_MS  5000 /* also when nothing happened: time passes, inventories change */
#define LEASE_MS 10000

/* A clock that was set back has let any time pass. */
static bool passed(int64_t since, int64_t now, int64_t ms)
{
	return now < since || now - since >= ms;
}

static int gather_new(struct store *s, const struct store_campaign *c, int64_t now, bool *changed)
{
	struct plan plan;
	struct error err = {0};
	int64_t joined = 0;

	int r = campaign_plan(c, &plan, &err);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	r = campaign_gather_later(s, c, &plan, now, &joined);
	plan_clear(&plan);
	*changed |= joined > 0;
	return r;
}

/* Within a transaction, with what is so now. Who has turned up joins first: it must not be over for
 * the one that comes last. */
static int campaign_work(struct fleet *f, int64_t id, int64_t now, bool *changed)
{
	struct store_campaign c;

	int r = store_campaign_get(f->store, id, &c);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (campaign_is_live(c.state))
		r = gather_new(f->store, &c, now, changed);
	if (r == 0 && campaign_is_live(c.state))
		r = campaign_advance(f->store, &c, now, changed);
	store_campaign_free(&c);
	return r;
}

static int campaign_look_after(struct fleet *f, int64_t id, bool gather, int64_t now)
{
	struct store_campaign c;
	bool due = gather, changed = false;

	int r = store_campaign_get(f->store, id, &c);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!due)
		r = campaign_is_due(f->store, &c, now, &due);
	store_campaign_free(&c);
	if (r < 0 || !due)
		return r;
	r = store_begin(f->store, true);
	if (r < 0)
		return r;
	r = campaign_work(f, id, now, &changed);
	if (r == 0)
		r = store_commit(f->store);
	else
		store_rollback(f->store);
	if (r == 0 && changed) {
		f->answers_stale = true;
		f->changed(f->context);
	}
	return r;
}

/* Nothing has happened since the last look, and no time is up. */
static int nothing_new(struct fleet *f, int64_t now, bool *ret)
{
	int64_t sequence, changed;

	int r = store_sequence(f->store, &sequence);
	if (r == 0)
		r = store_campaigns_changed(f->store, &changed);
	if (r < 0)
		return r;
	*ret = sequence == f->campaign_sequence && changed == f->campaign_changed &&
	       !passed(f->campaign_looked, now, LOOK_MS);
	f->campaign_sequence = sequence;
	f->campaign_changed = changed;
	return 0;
}

/* Asked for each time: who only remembers it may have a copy who has asked meanwhile. */
static int lease_keep(struct fleet *f, int64_t now)
{
	f->campaign_lease.name = "campaign";
	f->campaign_lease.who = f->appliance;
	return store_lease_take(f->store, &f->campaign_lease, now, LEASE_MS);
}

void campaign_end(struct fleet *f)
{
	if (f->campaign_lease.mark[0])
		(void)store_lease_drop(f->store, &f->campaign_lease);
}

int campaign_tick(struct fleet *f)
{
	int64_t *ids CLEANUP_FREE = NULL, now = f->clock();
	size_t count;
	bool quiet = false;

	int r = nothing_new(f, now, &quiet);
	if (r < 0 || quiet)
		return r;
	r = store_campaign_ids(f->store, true, &ids, &count);
	if (r < 0 || count == 0)
		return r;
	r = lease_keep(f, now);
	if (r < 0)
		return r == -EBUSY ? 0 : r;
	bool gather = passed(f->campaign_looked, now, LOOK_MS);
	if (gather)
		f->campaign_looked = now;
	/* What goes wrong with one is no reason to leave the others alone. */
	for (size_t i = 0; i < count; i++) {
		int one = campaign_look_after(f, ids[i], gather, now);
		r = r == 0 ? one : r;
	}
	return r;
}
