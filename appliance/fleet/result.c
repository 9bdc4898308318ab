/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"
#include "appliance/store/tally.h"

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
static const struct outcome outcome_over = {WIRE_NEXT_AGAIN, STATE_seen, false};
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

static bool has_repaired(enum reason reason)
{
	return reason == REASON_REPAIRED || reason == REASON_RENAMED ||
	       reason == REASON_COMPLETED_PENDING;
}

/* Its line has refused it before it could write (fleet_bundle_turn()). */
static bool was_refused(enum reason reason)
{
	switch (reason) {
	case REASON_WAVE_NOT_OPEN:
	case REASON_START_ORDER:
	case REASON_CAMPAIGN_PAUSED:
	case REASON_CAMPAIGN_STOPPED:
	case REASON_CAMPAIGN_NOT_NOW:
	case REASON_CAMPAIGN_ENDED:
	case REASON_CAMPAIGN_CHANGED:
		return true;
	default:
		return false;
	}
}

/* A repair is one whichever campaign it began in; anything else is worth nothing in another one. */
static bool starts_over(
        const struct store_session *session, const struct machine *m, enum reason reason)
{
	return !has_repaired(reason) && (session->campaign != m->campaign || was_refused(reason));
}

static int over_apply(struct fleet *f, struct machine *m, enum reason reason, int64_t now)
{
	char text[NM_MAX_EVENT_TEXT];

	(void)snprintf(text, sizeof(text), "starts over: %s",
	        reason_title(was_refused(reason) ? reason : REASON_CAMPAIGN_CHANGED));
	m->guard_from = now;
	m->pairing[0] = '\0';
	return change_state(f->store, m, now, STATE_seen, REASON_OK, "campaign", text);
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
	const struct outcome *o = starts_over(session, &m, report->reason)
	                                  ? &outcome_over
	                                  : outcome_of(report->reason, served < FLEET_AGAIN_COUNT);
	r = store_result_add(f->store, m.id, session->id, now, report->json, o->next);
	if (r == 0)
		r = bundles_settle(f, m.id, report);
	if (r == 0 && has_repaired(report->reason))
		r = store_tally_add(f->store, TALLY_REPAIRED, now);
	if (r < 0)
		return r;
	m.last_seen = now;
	(void)change_appliance(f, &m);
	/* What could not be read this time says nothing against what was read before. */
	if (report->safe_mode != MACHINE_SAFE_MODE_UNKNOWN)
		m.safe_mode = report->safe_mode;
	m.done |= o->done;
	*ret = o;
	/* A hold that came meanwhile stays visible; the machine goes on all the same. */
	if (m.held) {
		r = store_machine_save(f->store, &m);
		return r < 0 ? r
		             : change_note(
		                       f->store, &m, now, report->reason, "result", report->text);
	}
	if (o == &outcome_over)
		return over_apply(f, &m, report->reason, now);
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

int fleet_bundle_turn(struct fleet *f, const struct store_session *session, enum reason *ret)
{
	struct store_bundle pending;
	struct machine m;
	int r = store_bundle_pending(f->store, session->machine, &pending);
	bool writes = session->released || (r == 0 && pending.at >= session->created);

	if (r == 0 || r == -ENOENT)
		r = store_machine_get(f->store, session->machine, &m);
	if (r < 0)
		return r;
	*ret = REASON_OK;
	if (writes)
		return 0;
	if (!fleet_session_crossed(session, &m))
		return campaign_turn(f->store, &m, f->clock(), ret, NULL);
	*ret = REASON_CAMPAIGN_CHANGED;
	return 0;
}

/* A machine has a bundle only when all of it is there: from now on its parts stay. */
static int bundle_content(struct store *s, const struct store_bundle *bundle, int content)
{
	if (content >= 0)
		return store_bundle_put(s, bundle->sha256, content);
	int r = store_bundle_is_whole(s, bundle->sha256, bundle->size);
	return r < 0 ? r : r == 0 ? -EAGAIN : 0;
}

static int bundle_apply(struct fleet *f, const struct store_session *session,
        const struct store_bundle *bundle, int content, enum reason *ret_refused)
{
	struct store_bundle pending;
	struct machine m;
	enum reason turn;

	int r = fleet_bundle_turn(f, session, &turn);
	if (r == 0 && turn != REASON_OK) {
		*ret_refused = turn;
		return -EACCES;
	}
	if (r == 0)
		r = store_bundle_pending(f->store, session->machine, &pending);
	/* The same call again: its answer was lost on the way. */
	if (r == 0 && strcmp(pending.sha256, bundle->sha256) == 0 && pending.at >= session->created)
		return 0;
	if (r == 0 || r == -ENOENT)
		r = store_machine_get(f->store, session->machine, &m);
	if (r == 0)
		r = store_bundle_add(f->store, m.id, bundle);
	if (r == 0 && store_keeps_bundles(f->store))
		r = bundle_content(f->store, bundle, content);
	if (r < 0)
		return r;
	/* Its machine may have been switched on again meanwhile. */
	m.attempt = session->attempt;
	return change_note(f->store, &m, bundle->at, REASON_OK, "bundle", "repair saved");
}

int fleet_bundle(struct fleet *f, const struct store_session *session, const char *sha256,
        int64_t size, int content, enum reason *ret_refused)
{
	struct store_bundle bundle = {.size = size, .at = f->clock()};
	int r = store_begin(f->store, true);

	if (r < 0)
		return r;
	(void)snprintf(bundle.sha256, sizeof(bundle.sha256), "%s", sha256);
	r = change_end(f->store, bundle_apply(f, session, &bundle, content, ret_refused));
	if (r == 0)
		f->changed(f->context);
	return r;
}
