/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the volumes that can be read tell of their Windows: for people, whatever became of the
 * repair. After it, because nothing depends on it, and in bounded time. */
#include "fixer/block/file.h"
#include "fixer/link/clock.h"
#include "fixer/repair/facts_show.h"
#include "fixer/session_internal.h"

#include <stdlib.h>

static bool can_be_read(const struct session_volume *v)
{
	const struct bitlocker_info *info = v->bitlocker ? bitlocker_info(v->bitlocker) : NULL;

	switch (v->reason) {
	case REASON_NO_WINDOWS:
	case REASON_DISK_READ_ERROR: /* it may take minutes to say so again */
	case REASON_DISK_WRITE_ERROR:
		return false;
	default:
		break;
	}
	return !v->encrypted || (info && !info->map_damaged && (v->vmk || !info->needs_key));
}

static void look_at(struct session *s, struct session_volume *v, unsigned seconds)
{
	struct block_device *disk CLEANUP_BLOCK = NULL;
	const struct volume_target target = {
	        .partition = v->partition, .bitlocker = v->encrypted, .vmk = v->vmk};

	v->facts = calloc(1, sizeof(*v->facts));
	if (!v->facts || file_device_open(s->disks[v->disk].path, false, 0, &disk, NULL) < 0)
		return;
	if (facts_read(disk, &target, &s->recipe, seconds, v->facts, NULL) < 0)
		v->facts->windows_count = 0;
}

void session_evidence(struct session *s)
{
	int64_t until = uptime_ms() + NM_EVIDENCE_SECONDS * 1000;

	session_show(s, "LOOKING AT THE LAST CRASH", "");
	for (size_t i = 0; i < s->volume_count; i++) {
		int64_t left = until - uptime_ms();
		if (left > 0 && can_be_read(&s->volumes[i]))
			look_at(s, &s->volumes[i], (unsigned)(left / 1000 + 1));
	}
}

void session_evidence_words(const struct session *s, char *out, size_t size)
{
	char words[FACTS_TEXT];

	out[0] = 0;
	for (size_t i = 0; i < s->volume_count; i++) {
		const struct volume_facts *f = s->volumes[i].facts;
		for (size_t k = 0; f && k < f->windows_count && !out[0]; k++) {
			facts_crash_words(&f->windows[k].evidence.crash, words);
			if (words[0])
				(void)snprintf(out, size, "Last crash: %s", words);
		}
	}
}
