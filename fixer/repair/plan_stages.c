/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When each sector of a plan is written. By what the volume holds there now, which the parent reads
 * itself: FILE records, INDX blocks and the pages of $LogFile begin with their name and say, by the
 * length of their update sequence, how many sectors they have. NTFS on-disk format.
 */
#include "fixer/base/bytes.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <string.h>

#define PIECE      512  /* what an update sequence number covers */
#define RECORD_MAX 4096 /* bytes of the largest record or block */

#define USA_OFFSET    4  /* u16 */
#define USA_COUNT     6  /* u16: one number of its own, and one for each piece */
#define RECORD_FLAGS  22 /* u16 of a FILE record; 2: a directory */
#define RECORD_NUMBER 44 /* u32 of a FILE record, when the update sequence is behind it */
#define VOLUME_RECORD 3

/* The record or block that covers the last piece of window; NULL when none does. */
static const uint8_t *covering(const uint8_t *window, size_t len)
{
	for (size_t back = 1; back <= len / PIECE; back++) {
		const uint8_t *p = window + len - back * PIECE;
		bool named = memcmp(p, "FILE", 4) == 0 || memcmp(p, "INDX", 4) == 0 ||
		             memcmp(p, "RSTR", 4) == 0 || memcmp(p, "RCRD", 4) == 0;
		if (named && get_le16(p + USA_COUNT) > back)
			return p;
	}
	return NULL;
}

/* Of the last piece of window. A small directory has its index in its record. */
static enum plan_stage stage_of(const uint8_t *window, size_t len)
{
	const uint8_t *p = covering(window, len);

	if (!p)
		return STAGE_REST;
	if (memcmp(p, "INDX", 4) == 0)
		return STAGE_INDEX;
	if (p[0] == 'R')
		return STAGE_JOURNAL;
	if (get_le16(p + USA_OFFSET) > RECORD_NUMBER &&
	        get_le32(p + RECORD_NUMBER) == VOLUME_RECORD)
		return STAGE_FLAGS;
	return get_le16(p + RECORD_FLAGS) & 2 ? STAGE_INDEX : STAGE_RECORD;
}

/* Of size bytes of the volume that change as a whole: the latest of its pieces', but the dirty flag
 * comes first whatever is beside it. */
static int stage_of_unit(
        const struct volume *v, uint64_t offset, uint32_t size, enum plan_stage *ret)
{
	uint64_t from = offset > RECORD_MAX - PIECE ? offset - (RECORD_MAX - PIECE) : 0;
	uint8_t window[2 * RECORD_MAX];
	size_t before = (size_t)(offset - from);
	enum plan_stage latest = STAGE_FLAGS;

	int r = block_read(v->dev, from, window, before + size);
	if (r < 0)
		return r;
	for (size_t end = before + PIECE; end <= before + size; end += PIECE) {
		size_t start = end > RECORD_MAX ? end - RECORD_MAX : 0;
		enum plan_stage stage = stage_of(window + start, end - start);
		if (stage == STAGE_FLAGS) {
			*ret = STAGE_FLAGS;
			return 0;
		}
		latest = stage > latest ? stage : latest;
	}
	*ret = latest;
	return 0;
}

static int stage_of_sector(const struct volume *v, const struct volume_target *target, uint64_t lba,
        uint32_t sector_size, enum plan_stage *ret)
{
	uint64_t at = lba * sector_size - target->partition.start;
	uint32_t unit = volume_unit(v);
	uint64_t offset = volume_offset(v, at);

	return stage_of_unit(v, offset - offset % unit, unit, ret);
}

/* Appends sectors [from, to) of run to runs. */
static int split_off(const struct plan_run *run, uint32_t from, uint32_t to, enum plan_stage stage,
        uint32_t sector_size, struct plan_run *ret)
{
	size_t len = (size_t)(to - from) * sector_size, at = (size_t)from * sector_size;
	struct plan_run part = {.lba = run->lba + from, .count = to - from, .stage = stage};

	part.old_bytes = malloc(len);
	part.new_bytes = malloc(len);
	if (!part.old_bytes || !part.new_bytes) {
		free(part.old_bytes);
		free(part.new_bytes);
		return -ENOMEM;
	}
	memcpy(part.old_bytes, run->old_bytes + at, len);
	memcpy(part.new_bytes, run->new_bytes + at, len);
	*ret = part;
	return 0;
}

/* Fills in the parts of one run, from *count on. */
static int split_run(const struct volume *v, const struct volume_target *target,
        const struct plan_run *run, uint32_t sector_size, struct plan_run *parts, size_t *count)
{
	enum plan_stage stage, next;
	uint32_t from = 0;

	int r = stage_of_sector(v, target, run->lba, sector_size, &stage);
	for (uint32_t i = 1; r == 0 && i <= run->count; i++) {
		if (i < run->count)
			r = stage_of_sector(v, target, run->lba + i, sector_size, &next);
		if (r < 0 || (i < run->count && next == stage))
			continue;
		r = split_off(run, from, i, stage, sector_size, &parts[*count]);
		*count += r == 0;
		from = i;
		stage = next;
	}
	return r;
}

int plan_set_stages(
        const struct volume *volume, const struct volume_target *target, struct plan *plan)
{
	struct plan staged = {.runs = calloc(plan->sector_count, sizeof(struct plan_run))};
	int r = staged.runs ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < plan->run_count; i++)
		r = split_run(volume, target, &plan->runs[i], plan->sector_size, staged.runs,
		        &staged.run_count);
	struct plan_run *unused = r == 0 ? plan->runs : staged.runs;
	size_t unused_count = r == 0 ? plan->run_count : staged.run_count;
	for (size_t i = 0; i < unused_count; i++) {
		free(unused[i].old_bytes);
		free(unused[i].new_bytes);
	}
	free(unused);
	if (r == 0) {
		plan->runs = staged.runs;
		plan->run_count = staged.run_count;
	}
	return r;
}
