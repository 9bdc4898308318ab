/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"

#include <errno.h>
#include <string.h>

static bool awaited(const struct machine *m)
{
	return m->state == STATE_rebooting || m->state == STATE_repaired ||
	       (m->state == STATE_attention && m->reason == REASON_NOT_RETURNED);
}

static int windows_apply(struct fleet *f, struct machine *m, const char *how)
{
	int64_t now = f->clock();

	if (!awaited(m))
		return 0;
	m->last_seen = now;
	return change_state(f->store, m, now, STATE_returned, REASON_RETURNED, "windows", how);
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
	r = change_end(f->store, r);
	if (r == 0)
		f->changed(f->context);
	return r;
}

int fleet_windows_by_mac(struct fleet *f, const char *mac, const char *how)
{
	struct machine m;
	int r = store_machine_by_mac(f->store, mac, &m);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return awaited(&m) ? fleet_windows_by_id(f, m.id, how) : 0;
}

struct awaited_walk {
	int (*each)(const struct machine *m, void *context);
	void *context;
};

static int awaited_each(const struct machine *m, void *context)
{
	const struct awaited_walk *walk = context;

	return awaited(m) ? walk->each(m, walk->context) : 0;
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

static int pxe_apply(struct fleet *f, const char *mac, const char *text)
{
	struct machine m;
	int64_t id, count, now = f->clock();
	int r = store_machine_by_mac(f->store, mac, &m);

	if (r == 0) {
		/* Only the start of a boot is news; a machine in the middle of something speaks for
		 * itself. */
		if (m.state != STATE_seen)
			return 0;
		m.last_seen = now;
		if (m.first_seen != 0)
			return store_machine_save(f->store, &m);
		m.first_seen = now;
		r = store_machine_save(f->store, &m);
		return r < 0 ? r : change_note(f->store, &m, now, m.reason, "pxe", text);
	}
	if (r != -ENOENT)
		return r;
	r = store_machine_count(f->store, &count);
	if (r == 0 && count >= FLEET_MACHINES_MAX)
		return 0;
	if (r == 0)
		r = store_machine_add(f->store, mac, &id);
	if (r == 0)
		r = store_machine_get(f->store, id, &m);
	if (r < 0)
		return r;
	m.first_seen = m.last_seen = now;
	if (f->scope_all)
		return change_state(f->store, &m, now, STATE_seen, REASON_OK, "pxe", text);
	return change_state(f->store, &m, now, STATE_ignored, REASON_NOT_IN_SCOPE, "pxe", text);
}

int fleet_pxe_seen(struct fleet *f, const char *mac, const char *text)
{
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = change_end(f->store, pxe_apply(f, mac, text));
	if (r == 0)
		f->changed(f->context);
	return r;
}
