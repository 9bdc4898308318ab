/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/acts.h"

#include <stdio.h>

#define WHEN_FRESH   1u /* nothing of an earlier boot is pending */
#define WHEN_PENDING 2u
#define WHEN_REPAIR  4u /* the disk can be repaired */
#define WHEN_REFUSED 8u

/* What fixer/session*.c tells of a disk with a recovery partition and an encrypted C:. */
const struct act acts[] = {
        {ACT_BOOT, 0, "", "", REASON_OK},
        {ACT_KERNEL, 0, "", "", REASON_OK},
        {ACT_INITRD, 0, "", "", REASON_OK},
        {ACT_SESSION, 0, "", "", REASON_OK},
        {ACT_EVENT, 0, "running", "inventory", REASON_OK},
        {ACT_PENDING, WHEN_PENDING, "", "", REASON_OK},
        {ACT_EVENT, WHEN_PENDING, "repairing", "pending", REASON_OK},
        {ACT_EVENT, WHEN_PENDING, "repairing", "pending", REASON_COMPLETED_PENDING},
        {ACT_EVENT, 0, "waiting", "release", REASON_WAITING_KEY},
        {ACT_RELEASE, 0, "", "", REASON_OK},
        {ACT_EVENT, 0, "planning", "plan", REASON_OK},
        {ACT_EVENT, 0, "planning", "volume", REASON_OK},
        {ACT_EVENT, 0, "unlocking", "unlock", REASON_OK},
        {ACT_EVENT, 0, "planning", "plan", REASON_OK},
        {ACT_EVENT, WHEN_REFUSED, "planning", "volume", REASON_NTFS_HIBERNATED},
        {ACT_EVENT, WHEN_FRESH | WHEN_REPAIR, "saving", "save", REASON_OK},
        {ACT_JOURNAL, WHEN_FRESH | WHEN_REPAIR, "", "", REASON_OK},
        {ACT_EVENT, WHEN_FRESH | WHEN_REPAIR, "repairing", "commit", REASON_OK},
        {ACT_EVENT, WHEN_FRESH | WHEN_REPAIR, "repairing", "verify", REASON_OK},
        {ACT_EVENT, WHEN_FRESH | WHEN_REPAIR, "repaired", "volume", REASON_REPAIRED},
        {ACT_EVENT, WHEN_PENDING, "planning", "volume", REASON_NO_BAD_FILE},
        {ACT_EVENT, WHEN_REPAIR, "repaired", "bootnext", REASON_OK},
        {ACT_RESULT, 0, "", "", REASON_OK},
        {ACT_WINDOWS, 0, "", "", REASON_OK},
};

static const struct boot *present(const struct machine *m)
{
	return m->boot_count ? &m->boots[m->boot_count - 1] : NULL;
}

size_t act_next(const struct machine *m, size_t from)
{
	const struct boot *b = present(m);
	unsigned holds = b && b->pending ? WHEN_PENDING : WHEN_FRESH;

	holds |= m->story == STORY_refused ? WHEN_REFUSED : WHEN_REPAIR;
	while (acts[from].when & ~holds)
		from++;
	return from;
}

static size_t find(enum act_kind kind)
{
	size_t i = 0;

	while (acts[i].kind != kind)
		i++;
	return i;
}

size_t act_first_in_session(void)
{
	return find(ACT_SESSION);
}

size_t act_last_in_session(void)
{
	return find(ACT_RESULT);
}

enum reason act_result(const struct machine *m)
{
	if (m->story == STORY_refused)
		return REASON_NTFS_HIBERNATED;
	if (present(m)->pending)
		return REASON_COMPLETED_PENDING;
	return m->story == STORY_again ? REASON_DISK_WRITE_ERROR : REASON_REPAIRED;
}

bool act_goes_back(enum reason result)
{
	return result == REASON_REPAIRED || result == REASON_COMPLETED_PENDING;
}

void act_text(const struct machine *m, size_t boot, unsigned n, char *out, size_t size)
{
	(void)snprintf(out, size, "machine %zu, boot %zu, event %u", m->number, boot, n);
}
