/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/session_internal.h"

#include <string.h>

enum { RANK_HALF_WRITTEN = 10, RANK_STILL_BAD = 9 };

/*
 * The higher, the more it says about the machine. A disk that may be half written goes before all;
 * a Windows whose bad file had to stay before another that was repaired; a repair before the
 * volumes that could not be looked at (there is always a recovery partition or a stick); among the
 * rest, what a person must act on before what needs nobody.
 */
static int rank(enum reason reason)
{
	const char *severity = reason_severity(reason);

	switch (reason) {
	case REASON_DISK_WRITE_ERROR:
	case REASON_VERIFY_FAILED:
		return RANK_HALF_WRITTEN;
	case REASON_REPAIRED:
	case REASON_RENAMED:
	case REASON_WOULD_REPAIR:
		return 8;
	case REASON_OK:
	case REASON_NO_WINDOWS: /* every machine has such volumes */
		return 0;
	default:
		break;
	}
	if (strcmp(severity, "fail") == 0)
		return 7;
	if (strcmp(severity, "warn") == 0)
		return 6;
	if (reason == REASON_REPORT_ONLY)
		return 5;
	if (strcmp(severity, "ok") == 0)
		return 4;
	return 3; /* wait: a volume without a key, perhaps only a data partition */
}

static int rank_volume(const struct session_volume *v)
{
	const struct plan *plan = v->repaired ? v->result.plan : NULL;
	/* It failed, or the appliance let nobody write. */
	const char *severity = reason_severity(v->reason);
	bool still_bad = plan && plan->windows_count > 0 && plan->file_count > 0 &&
	                 (strcmp(severity, "fail") == 0 || strcmp(severity, "wait") == 0);
	int r = rank(v->reason);

	return still_bad && r < RANK_STILL_BAD ? RANK_STILL_BAD : r;
}

/* No Windows on the disks the kernel shows: it may be on one it does not. */
static bool may_be_elsewhere(enum reason reason)
{
	return reason == REASON_NO_DISK || reason == REASON_NO_NTFS || reason == REASON_NO_WINDOWS;
}

enum reason session_verdict(const struct session *s, const char **ret_text)
{
	enum reason best = s->volume_count ? REASON_NO_WINDOWS
	                   : s->disk_count ? REASON_NO_NTFS
	                                   : REASON_NO_DISK;
	int best_rank = -1;

	*ret_text = "";
	if (s->failure.code) {
		*ret_text = s->failure.text;
		return s->failure.reason;
	}
	for (size_t i = 0; i < s->volume_count; i++) {
		const struct session_volume *v = &s->volumes[i];
		int r = rank_volume(v);
		if (r > best_rank) {
			best = v->reason;
			best_rank = r;
			*ret_text = v->text;
		}
	}
	for (size_t i = 0; i < s->disk_count; i++) {
		const struct session_disk *d = &s->disks[i];
		if (d->reason != REASON_OK && rank(d->reason) > best_rank) {
			best = d->reason;
			best_rank = rank(best);
			*ret_text = d->text;
		}
	}
	bool unseen = s->controllers.reason != REASON_NO_DISK;
	if (best == REASON_NO_DISK || (unseen && may_be_elsewhere(best))) {
		best = s->controllers.reason;
		*ret_text = s->controllers.text;
	}
	/* A good version left beside it takes nothing from a repair, completed today or not. */
	if (s->completed && (best == REASON_NO_BAD_FILE || best == REASON_OUTSIDE_WINDOW ||
	                            best == REASON_OTHER_CONTENT))
		best = REASON_COMPLETED_PENDING;
	return best;
}
