/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of the writes and its reasons are in commit.h. */
#include "fixer/repair/commit.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What both passes work on. */
struct commit {
	const struct plan_run *runs;
	size_t run_count;
	enum commit_direction direction;
	bool *differs; /* for each sector of the runs: it must be written */
};

static const uint8_t *side(const struct plan_run *run, bool new_side)
{
	return new_side ? run->new_bytes : run->old_bytes;
}

/* The content of a run as it is on disk now, malloc()ed into *ret. */
static int read_run(struct block_device *disk, const struct plan_run *run, uint8_t **ret)
{
	size_t len = (size_t)run->count * disk->sector_size;

	if (!range_within(run->lba, run->count, disk->size / disk->sector_size))
		return -EINVAL;
	uint8_t *now = malloc(len);
	if (!now)
		return -ENOMEM;
	int r = block_read(disk, run->lba * disk->sector_size, now, len);
	if (r < 0) {
		free(now);
		return r;
	}
	*ret = now;
	return 0;
}

/* First pass over one sector: does it hold what the direction allows? */
static int judge_sector(const struct block_device *disk, uint64_t lba, bool is_old, bool is_new,
        enum commit_direction direction, struct error *err)
{
	if (direction == COMMIT_FIRST && !is_old)
		return error_set(err, -ESTALE, REASON_DISK_CHANGED,
		        "%s: sector %" PRIu64
		        " is not what the plan was made from; nothing was written",
		        disk->name, lba);
	if (!is_old && !is_new)
		return error_set(err, -ESTALE, REASON_PENDING_CONFLICT,
		        "%s: sector %" PRIu64
		        " holds neither the old nor the new content; nothing was written",
		        disk->name, lba);
	return 0;
}

/* First pass over one run; differs[i] tells whether sector i must be written. */
static int survey_run(struct block_device *disk, const struct plan_run *run,
        enum commit_direction direction, bool *differs, struct error *err)
{
	size_t size = disk->sector_size;
	uint8_t *now;

	int r = read_run(disk, run, &now);
	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR,
		        "%s: reading %" PRIu32 " sectors at %" PRIu64 ": %s; nothing was written",
		        disk->name, run->count, run->lba, strerror(-r));
	for (uint32_t i = 0; i < run->count && r == 0; i++) {
		bool is_old = memcmp(now + i * size, run->old_bytes + i * size, size) == 0;
		bool is_new = memcmp(now + i * size, run->new_bytes + i * size, size) == 0;
		differs[i] = direction == COMMIT_UNDO ? !is_old : !is_new;
		r = judge_sector(disk, run->lba + i, is_old, is_new, direction, err);
	}
	free(now);
	return r;
}

/* Second pass over one run: neighbours that differ go out as one write. */
static int write_run(struct block_device *disk, const struct plan_run *run, bool new_side,
        const bool *differs, size_t *written, struct error *err)
{
	const uint8_t *bytes = side(run, new_side);
	size_t size = disk->sector_size;
	uint32_t n;

	for (uint32_t i = 0; i < run->count; i += n + 1) {
		uint64_t lba = run->lba + i;
		for (n = 0; i + n < run->count && differs[i + n]; n++)
			;
		int r = n > 0 ? block_write(disk, lba * size, bytes + i * size, n * size) : 0;
		if (r < 0)
			return error_set(err, r, REASON_DISK_WRITE_ERROR,
			        "%s: writing sectors %" PRIu64 " to %" PRIu64 ": %s", disk->name,
			        lba, lba + n - 1, strerror(-r));
		*written += n;
	}
	return 0;
}

static int flush(struct block_device *disk, size_t written, struct error *err)
{
	int r = block_flush(disk);

	if (r < 0)
		return error_set(err, r, REASON_DISK_WRITE_ERROR, "%s: flushing %zu sectors: %s",
		        disk->name, written, strerror(-r));
	return 0;
}

/* The runs of one stage, ascending, and a flush when any was written. */
static int write_stage(struct block_device *disk, const struct commit *c, enum plan_stage stage,
        size_t *written, struct error *err)
{
	const bool *differs = c->differs;
	size_t before = *written;
	int r = 0;

	for (size_t i = 0; i < c->run_count && r == 0; differs += c->runs[i++].count)
		if (c->runs[i].stage == stage)
			r = write_run(disk, &c->runs[i], c->direction != COMMIT_UNDO, differs,
			        written, err);
	return r < 0 || *written == before ? r : flush(disk, *written, err);
}

static int check_run(
        struct block_device *disk, const struct plan_run *run, bool new_side, struct error *err)
{
	const uint8_t *wanted = side(run, new_side);
	size_t size = disk->sector_size;
	uint8_t *now;

	int r = block_drop_cache(disk, run->lba * size, run->count * size);
	if (r < 0)
		return error_set(err, r, REASON_VERIFY_FAILED,
		        "%s: the cache could not be dropped to read back from the medium: %s",
		        disk->name, strerror(-r));
	r = read_run(disk, run, &now);
	if (r < 0)
		return error_set(err, r, REASON_VERIFY_FAILED,
		        "%s: reading back %" PRIu32 " sectors at %" PRIu64 ": %s", disk->name,
		        run->count, run->lba, strerror(-r));
	for (uint32_t i = 0; i < run->count && r == 0; i++)
		if (memcmp(now + i * size, wanted + i * size, size) != 0)
			r = error_set(err, -EIO, REASON_VERIFY_FAILED,
			        "%s: sector %" PRIu64 " does not hold what was written to it",
			        disk->name, run->lba + i);
	free(now);
	return r;
}

/* Both passes over all runs. */
static int survey_and_write(
        struct block_device *disk, struct commit *c, size_t *written, struct error *err)
{
	size_t sectors = 0, at = 0;
	int r = 0;

	for (size_t i = 0; i < c->run_count; i++)
		sectors += c->runs[i].count;
	c->differs = calloc(sectors, sizeof(*c->differs));
	if (!c->differs)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "comparing sectors");
	for (size_t i = 0; i < c->run_count && r == 0; at += c->runs[i++].count)
		r = survey_run(disk, &c->runs[i], c->direction, c->differs + at, err);
	for (int i = 0; i < STAGES && r == 0; i++) {
		int stage = c->direction == COMMIT_UNDO ? STAGES - 1 - i : i;
		r = write_stage(disk, c, (enum plan_stage)stage, written, err);
	}
	/* What was all there already may still be on its way to the medium. */
	if (r == 0 && *written == 0)
		r = flush(disk, 0, err);
	free(c->differs);
	return r;
}

int commit_runs(struct block_device *disk, const struct plan_run *runs, size_t run_count,
        enum commit_direction direction, size_t *ret_written, struct error *err)
{
	struct commit c = {.runs = runs, .run_count = run_count, .direction = direction};
	size_t written = 0;

	int r = survey_and_write(disk, &c, &written, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < run_count && r == 0; i++)
		r = check_run(disk, &runs[i], direction != COMMIT_UNDO, err);
	if (r < 0)
		return r;
	*ret_written = written;
	return 0;
}
