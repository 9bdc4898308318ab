/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The changed sectors of an overlay as the runs of a plan. */
#include "fixer/block/overlay.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <string.h>

static int append(uint8_t **bytes, size_t len, const uint8_t *more, size_t more_len)
{
	uint8_t *p = realloc(*bytes, len + more_len);

	if (!p)
		return -ENOMEM;
	memcpy(p + len, more, more_len);
	*bytes = p;
	return 0;
}

/* For overlay_each: joins the sector to the last run or begins a new one. */
static int collect(void *context, const struct sector_change *change)
{
	struct plan *plan = context;
	struct plan_run *run = plan->run_count ? &plan->runs[plan->run_count - 1] : NULL;

	if (!run || run->lba + run->count != change->lba) {
		void *p = reallocarray(plan->runs, plan->run_count + 1, sizeof(*run));
		if (!p)
			return -ENOMEM;
		plan->runs = p;
		run = &plan->runs[plan->run_count++];
		*run = (struct plan_run){.lba = change->lba};
	}
	size_t len = (size_t)run->count * plan->sector_size;
	int r = append(&run->old_bytes, len, change->old_bytes, plan->sector_size);
	if (r == 0)
		r = append(&run->new_bytes, len, change->new_bytes, plan->sector_size);
	if (r < 0)
		return r;
	run->count++;
	plan->sector_count++;
	return 0;
}

int plan_take_changes(struct block_device *overlay, struct plan *plan)
{
	size_t changed;
	int r = overlay_changed(overlay, &changed);

	if (r < 0)
		return r;
	if (changed <= NM_MAX_CHANGED_SECTORS * 512 / plan->sector_size)
		return overlay_each(overlay, collect, plan);
	plan_refuse(plan, REASON_PLAN_CHECK_FAILED, "the plan would change too many sectors");
	return 0;
}
