/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine that does not start what its firmware was given gets the other one. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/loader.h"

#include <errno.h>
#include <stdio.h>

enum machine_loader loader_wanted(const struct machine *m)
{
	if (m->loader != MACHINE_LOADER_AUTO)
		return m->loader;
	return m->model_loader != MACHINE_LOADER_AUTO ? m->model_loader : m->flipped;
}

enum machine_loader loader_effective(enum machine_loader first, const struct machine *m)
{
	enum machine_loader wanted = loader_wanted(m);

	if (first == MACHINE_LOADER_AUTO)
		return MACHINE_LOADER_IPXE;
	return wanted == MACHINE_LOADER_AUTO ? first : wanted;
}

static bool is_automatic(const struct machine *m)
{
	return m->loader == MACHINE_LOADER_AUTO && m->model_loader == MACHINE_LOADER_AUTO;
}

static enum machine_loader other_than(enum machine_loader loader)
{
	return loader == MACHINE_LOADER_SHIM ? MACHINE_LOADER_IPXE : MACHINE_LOADER_SHIM;
}

static void get(const struct fleet *f, struct machine *m, enum machine_loader loader)
{
	m->flipped = loader == f->first_loader ? MACHINE_LOADER_AUTO : loader;
}

/* dnsmasq's log may come late: what was heard a little before its answer is of the same try. */
static bool has_started(const struct machine *m)
{
	return m->started >= m->asked - FLEET_TRY_MS;
}

/* m->given did not start: the other one next. 1, or the store's -errno. */
static int flip(struct fleet *f, struct machine *m, int64_t now)
{
	enum machine_loader next = other_than(m->given);
	char text[NM_MAX_EVENT_TEXT + 1];
	int r;

	m->flips++;
	get(f, m, next);
	if (m->flips >= FLEET_FLIPS_MAX) {
		(void)snprintf(text, sizeof(text),
		        "came back to PXE without starting %s either: it stays with %s",
		        loader_title(m->given), loader_title(next));
		r = change_state(
		        f->store, m, now, STATE_attention, REASON_LOADER_FAILED, "loader", text);
		return r < 0 ? r : 1;
	}
	(void)snprintf(text, sizeof(text),
	        "came back to PXE without starting what it was given (%s): it gets %s next",
	        loader_title(m->given), loader_title(next));
	r = store_machine_save(f->store, m);
	if (r == 0)
		r = change_note(f->store, m, now, REASON_OK, "loader", text);
	return r < 0 ? r : 1;
}

int loader_asked(struct fleet *f, struct machine *m, int64_t now)
{
	enum machine_loader before = m->given;

	if (f->first_loader == MACHINE_LOADER_AUTO || !fleet_answers(f, m))
		return 0;
	/* Firmware repeats its question. A clock that was set back tells nothing. */
	if (m->asked && now >= m->asked && now - m->asked <= FLEET_TRY_MS)
		return 0;
	bool vanished = m->asked && now >= m->asked && !has_started(m);
	m->asked = now;
	m->given = loader_effective(f->first_loader, m);
	/* Given something else now than the last time, that is tried first. */
	if (vanished && before == m->given && is_automatic(m) && m->flips < FLEET_FLIPS_MAX)
		return flip(f, m, now);
	return store_machine_save(f->store, m);
}

void loader_started(struct fleet *f, struct machine *m, enum machine_loader what, int64_t now)
{
	enum machine_loader flipped = m->flipped;

	m->started = now;
	if (m->flips == 0)
		return;
	m->flips = 0;
	if (what != MACHINE_LOADER_AUTO && f->first_loader != MACHINE_LOADER_AUTO)
		get(f, m, what);
	f->answers_stale |= m->flipped != flipped;
}

void loader_forget(struct machine *m)
{
	m->flipped = m->given = MACHINE_LOADER_AUTO;
	m->flips = 0;
	m->asked = 0;
}

static int asked_apply(struct fleet *f, const char *mac, enum fleet_asker asker, int64_t *ret)
{
	struct machine m;
	int64_t now = f->clock();
	int r = store_mac_answered(f->store, mac, now);

	if (r < 0 || asker == FLEET_ASKER_ONE)
		return r;
	r = store_machine_by_mac(f->store, mac, &m);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (asker == FLEET_ASKER_CHOICE) {
		r = loader_asked(f, &m, now);
		*ret = r == 1 ? m.id : 0;
		return r < 0 ? r : 0;
	}
	/* A card's own iPXE was never given anything. */
	if (!m.asked || has_started(&m))
		return 0;
	loader_started(f, &m, MACHINE_LOADER_IPXE, now);
	return store_machine_save(f->store, &m);
}

int fleet_answered(struct fleet *f, const char *mac, enum fleet_asker asker, bool *ret_changed)
{
	int64_t flipped = 0;
	int r = store_begin(f->store, false);

	*ret_changed = false;
	if (r == 0)
		r = change_end(f->store, asked_apply(f, mac, asker, &flipped));
	if (r < 0 || !flipped)
		return r;
	f->changed(f->context);
	return fleet_answer_machine(f, flipped, ret_changed);
}
