/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/identify.h"
#include "appliance/store/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 1: that was news. */
static int windows_apply(struct fleet *f, struct machine *m, const char *how)
{
	int64_t now = f->clock();

	if (!change_awaited(m))
		return 0;
	m->last_seen = now;
	/* A person has sent it round again meanwhile: it is not answered any more. */
	f->answers_stale |= !m->done;
	m->done = true;
	int r = change_state(f->store, m, now, STATE_returned, REASON_RETURNED, "windows", how);
	return r < 0 ? r : 1;
}

int fleet_windows_by_id(struct fleet *f, int64_t machine, const char *how)
{
	struct machine m;
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = store_machine_get(f->store, machine, &m);
	if (r == 0)
		r = windows_apply(f, &m, how);
	bool news = r == 1;
	r = change_end(f->store, news ? 0 : r);
	if (r < 0)
		return r;
	f->returned += news;
	f->changed(f->context);
	return 0;
}

int fleet_windows_by_mac(struct fleet *f, const char *mac, const char *how)
{
	struct machine m;
	int r = store_machine_by_mac(f->store, mac, &m);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return change_awaited(&m) ? fleet_windows_by_id(f, m.id, how) : 0;
}

struct awaited_walk {
	int (*each)(const struct machine *m, void *context);
	void *context;
};

static int awaited_each(const struct machine *m, void *context)
{
	const struct awaited_walk *walk = context;

	return change_awaited(m) ? walk->each(m, walk->context) : 0;
}

int fleet_awaited(
        struct fleet *f, int (*each)(const struct machine *m, void *context), void *context)
{
	static const enum machine_state states[] = {
	        STATE_repaired, STATE_rebooting, STATE_attention};
	struct awaited_walk walk = {each, context};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(states) / sizeof(states[0]); i++)
		r = store_machines_quiet(f->store, states[i], INT64_MAX, awaited_each, &walk);
	return r;
}

/* A repaired machine asks the network for a boot program, and nobody answers. */
static int pxe_done(struct fleet *f, struct machine *m, const char *text)
{
	int64_t now = f->clock(), so_long = now - m->since;
	bool overdue = m->state == STATE_attention || so_long >= FLEET_REBOOT_MS;
	bool relapsed = m->state == STATE_returned ? so_long < FLEET_RELAPSE_MS
	                                           : change_awaited(m) && overdue;

	if (m->held || change_only_looked(m->state, m->reason))
		return 0;
	if (!relapsed) /* on its way back: what answers its address is not Windows yet */
		return change_awaited(m) ? store_machine_touch(f->store, m->id, now) : 0;
	m->last_seen = now;
	return change_relapsed(f->store, m, now, "pxe", text[0] ? text : "asks for a boot program");
}

/* Only the start of a boot is news; a machine in the middle of something speaks for itself. */
static int pxe_known(struct fleet *f, struct machine *m, const char *text)
{
	int64_t now = f->clock();

	if (m->done)
		return pxe_done(f, m, text);
	if (m->state != STATE_seen)
		return 0;
	m->last_seen = now;
	if (m->first_seen != 0)
		return store_machine_save(f->store, m);
	m->first_seen = now;
	int r = store_machine_save(f->store, m);
	return r < 0 ? r : change_note(f->store, m, now, m->reason, "pxe", text);
}

static int pxe_new(struct fleet *f, struct machine *m, const char *text)
{
	int64_t now = f->clock();

	m->first_seen = m->last_seen = now;
	if (f->scope_all)
		return change_state(f->store, m, now, STATE_seen, REASON_OK, "pxe", text);
	return change_state(f->store, m, now, STATE_ignored, REASON_NOT_IN_SCOPE, "pxe", text);
}

static int pxe_apply(struct fleet *f, const char *mac, const char *uuid, const char *text)
{
	struct machine m;
	int64_t id, count;
	bool is_new = false;
	int r = identify_asking(f, mac, uuid, &m, &is_new);

	if (r == 0) {
		(void)snprintf(m.mac, sizeof(m.mac), "%s", mac);
		return is_new ? pxe_new(f, &m, text) : pxe_known(f, &m, text);
	}
	if (r != -ENOENT)
		return r == -ENOSPC ? 0 : r;
	r = store_machine_count_unlisted(f->store, &count);
	if (r == 0 && count >= FLEET_MACHINES_MAX)
		return 0;
	if (r == 0)
		r = store_machine_add(f->store, mac, &id);
	if (r == 0)
		r = store_machine_get(f->store, id, &m);
	return r < 0 ? r : pxe_new(f, &m, text);
}

int fleet_pxe_seen(struct fleet *f, const char *mac, const char *uuid, const char *text)
{
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = change_end(f->store, pxe_apply(f, mac, uuid, text));
	if (r == 0)
		f->changed(f->context);
	return r;
}
