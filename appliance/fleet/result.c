/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct outcome {
	const char *next;
	enum machine_state state;
	bool done; /* taken off the answer list */
};

static const struct outcome outcome_back = {WIRE_NEXT_REBOOT, STATE_rebooting, true};
static const struct outcome outcome_again = {WIRE_NEXT_AGAIN, STATE_attention, false};
static const struct outcome outcome_stay = {WIRE_NEXT_HOLD, STATE_attention, false};

/* again_left: a fresh boot may help and this machine has not had too many. */
static const struct outcome *outcome_of(enum reason reason, bool again_left)
{
	switch (reason) {
	case REASON_REPAIRED:
	case REASON_RENAMED:
	case REASON_COMPLETED_PENDING:
	case REASON_NO_BAD_FILE:
	case REASON_WOULD_REPAIR:
	case REASON_REPORT_ONLY:
	case REASON_OUTSIDE_WINDOW: /* a person decides, but not at its screen */
	case REASON_OTHER_CONTENT:
		return &outcome_back;
	case REASON_VERIFY_FAILED:
	case REASON_DISK_WRITE_ERROR:
	case REASON_DISK_CHANGED:
	case REASON_UNSEAL_FAILED:
	case REASON_FIXER_CRASHED:
	case REASON_CHILD_TIMEOUT:
		return again_left ? &outcome_again : &outcome_stay;
	default:
		return &outcome_stay;
	}
}

static int bundles_settle(struct fleet *f, int64_t machine, const struct fleet_report *report)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < report->bundle_count; i++)
		r = store_bundle_settle(
		        f->store, machine, report->bundles[i].sha256, report->bundles[i].state);
	return r;
}

static int result_record(struct fleet *f, const struct store_session *session,
        const struct fleet_report *report, const struct outcome **ret)
{
	struct machine m;
	int served;
	int64_t now = f->clock(), from = now - FLEET_GUARD_MS;

	int r = store_machine_get(f->store, session->machine, &m);
	if (r == 0)
		r = store_token_count(
		        f->store, m.id, from > m.guard_from ? from : m.guard_from, &served);
	if (r < 0)
		return r;
	const struct outcome *o = outcome_of(report->reason, served < FLEET_AGAIN_COUNT);
	r = store_result_add(f->store, m.id, session->id, now, report->json, o->next);
	if (r == 0)
		r = bundles_settle(f, m.id, report);
	if (r < 0)
		return r;
	m.last_seen = now;
	m.done |= o->done;
	*ret = o;
	/* A hold that came meanwhile stays visible; the machine goes on all the same. */
	if (m.held) {
		r = store_machine_save(f->store, &m);
		return r < 0 ? r
		             : change_note(
		                       f->store, &m, now, report->reason, "result", report->text);
	}
	return change_state(f->store, &m, now, o->state, report->reason, "result", report->text);
}

int fleet_result(struct fleet *f, const struct store_session *session,
        const struct fleet_report *report, char ret_next[8])
{
	const struct outcome *outcome = &outcome_stay;
	int r = store_result_next(f->store, session->id, ret_next);

	if (r != -ENOENT)
		return r;
	r = store_begin(f->store, true);
	if (r < 0)
		return r;
	r = change_end(f->store, result_record(f, session, report, &outcome));
	if (r < 0)
		return r;
	f->changed(f->context);
	(void)snprintf(ret_next, 8, "%s", outcome->next);
	return 0;
}

int fleet_bundle(
        struct fleet *f, const struct store_session *session, const char *sha256, int64_t size)
{
	struct store_bundle bundle = {.size = size, .at = f->clock()};
	struct machine m;
	int r = store_begin(f->store, true);

	if (r < 0)
		return r;
	(void)snprintf(bundle.sha256, sizeof(bundle.sha256), "%s", sha256);
	r = store_machine_get(f->store, session->machine, &m);
	if (r == 0)
		r = store_bundle_add(f->store, m.id, &bundle);
	if (r == 0)
		r = change_note(f->store, &m, bundle.at, REASON_OK, "bundle", "repair saved");
	r = change_end(f->store, r);
	if (r == 0)
		f->changed(f->context);
	return r;
}
