/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A safe mode that somebody set by hand outlives the repair: Windows would come back without most
 * of its services. After the repair, because nothing depends on it, and in bounded time. */
#include "fixer/block/file.h"
#include "fixer/link/clock.h"
#include "fixer/session_internal.h"

/* A safe mode counts more than none, none more than what could not be read: with two Windows the
 * one that is told is the one that somebody has to mend. */
static void take(struct session *s, enum safe_mode mode)
{
	if (s->safe_mode <= SAFE_MODE_NONE && mode > s->safe_mode)
		s->safe_mode = mode;
}

static void look_at(struct session *s, const struct session_disk *d, int64_t until)
{
	struct block_device *disk CLEANUP_BLOCK = NULL;

	if (file_device_open(d->path, false, 0, &disk, NULL) < 0)
		return;
	for (size_t i = 0; i < d->table->count; i++) {
		const struct partition *p = &d->table->entries[i];
		int64_t left = until - uptime_ms();
		if (left > 0 && safe_mode_partition(p, s->machine.uefi))
			take(s, safe_mode_read(
			                disk, p, s->machine.uefi, (unsigned)(left / 1000 + 1)));
	}
}

/* All disks together have as long as the look at the last crash; healthy ones answer at once. Not
 * disks on USB: what is on a stick does not start this machine's Windows. */
void session_safe_mode(struct session *s)
{
	int64_t until = uptime_ms() + NM_EVIDENCE_SECONDS * 1000;

	for (size_t i = 0; i < s->disk_count; i++) {
		const struct session_disk *d = &s->disks[i];
		if (d->reason == REASON_OK && d->table && !d->info.usb)
			look_at(s, d, until);
	}
}
