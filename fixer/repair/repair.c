/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/repair.h"
#include "fixer/block/file.h"
#include "fixer/block/member.h"
#include "fixer/repair/commit.h"
#include "netmend/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the steps of one repair hand to each other. */
struct job {
	const char *disk_path;
	const struct volume_target *target;
	const struct recipe *recipe;
	const struct repair_options *options;
	const struct repair_ops *ops;
	struct repair_result *result;
};

const char *repair_step_name(enum repair_step step)
{
	static const char *const names[] = {
	        [STEP_INSPECT] = "inspect",
	        [STEP_UNLOCK] = "unlock",
	        [STEP_PLAN] = "plan",
	        [STEP_SAVE] = "save",
	        [STEP_COMMIT] = "commit",
	        [STEP_VERIFY] = "verify",
	        [STEP_DONE] = "done",
	};

	return (size_t)step < sizeof(names) / sizeof(names[0]) ? names[step] : "unknown";
}

const char *repair_written_name(enum repair_written written)
{
	static const char *const names[] = {
	        [WRITTEN_NONE] = WIRE_WRITTEN_NONE,
	        [WRITTEN_PART] = WIRE_WRITTEN_PART,
	        [WRITTEN_ALL] = WIRE_WRITTEN_ALL,
	};

	return names[written];
}

void repair_result_clear(struct repair_result *result)
{
	plan_free(result->plan);
	*result = (struct repair_result){0};
}

bool repair_is_done(enum reason result)
{
	return result == REASON_REPAIRED || result == REASON_RENAMED;
}

static void progress(const struct job *job, enum repair_step step, const char *text)
{
	if (job->ops->progress)
		job->ops->progress(job->ops->context, step, text);
}

static int open_disk(
        const struct job *job, bool writable, struct block_device **ret, struct error *err)
{
	return file_device_open(job->disk_path, writable, job->options->sector_size, ret, err);
}

static void conclude(struct repair_result *result, enum reason reason, const char *text)
{
	result->reason = reason;
	(void)snprintf(result->text, sizeof(result->text), "%s", text);
}

/* The BitLocker volume GUID for the manifest; "" on a plain volume. */
static int read_volume_id(struct block_device *disk, const struct volume_target *target,
        char id[GUID_TEXT], struct error *err)
{
	const struct partition *p = &target->partition;
	struct block_device *window CLEANUP_BLOCK = NULL;
	struct bitlocker *b CLEANUP_BITLOCKER = NULL;

	id[0] = 0;
	if (!target->bitlocker)
		return 0;
	int r = partition_open(disk, p->start, p->size, &window);
	if (r < 0)
		return error_set(err, r, REASON_PARTITION_TABLE_BAD, "partition %u: %s", p->number,
		        strerror(-r));
	r = bitlocker_parse(window, &b, err);
	if (r < 0)
		return r;
	guid_format(&bitlocker_info(b)->volume_id, id);
	return 0;
}

static int make_bundle(
        const struct job *job, struct block_device *disk, struct bundle **ret, struct error *err)
{
	struct partition_table table;
	char volume_id[GUID_TEXT];

	int r = partition_table_read(disk, &table, err);
	if (r < 0)
		return r;
	r = read_volume_id(disk, job->target, volume_id, err);
	if (r < 0)
		return r;
	const struct bundle_origin origin = {
	        .host = job->options->host,
	        .recipe = job->recipe->name,
	        .table = &table,
	        .disk_size = disk->size,
	        .partition = job->target->partition.number,
	        .volume_id = volume_id,
	};
	return bundle_encode(job->result->plan, &origin, ret, err);
}

/* A disk that is in use or write-protected is better told before a bundle of it is anywhere. */
static int check_writable(const struct job *job, struct error *err)
{
	struct block_device *disk CLEANUP_BLOCK = NULL;

	return open_disk(job, true, &disk, err);
}

/* Durable elsewhere, before anything is written here. */
static int save(
        const struct job *job, struct block_device *disk, struct bundle **ret, struct error *err)
{
	struct bundle *bundle CLEANUP(bundle_free_p) = NULL;

	progress(job, STEP_SAVE, "");
	int r = check_writable(job, err);
	if (r < 0)
		return r;
	r = make_bundle(job, disk, &bundle, err);
	if (r < 0)
		return r;
	r = job->ops->save(job->ops->context, bundle, err);
	if (r < 0)
		return r;
	hex_encode(bundle->sha256, sizeof(bundle->sha256), job->result->bundle_sha256);
	*ret = bundle;
	bundle = NULL;
	return 0;
}

static int commit(const struct job *job, const struct bundle *bundle, struct error *err)
{
	struct block_device *disk CLEANUP_BLOCK = NULL;
	char text[64];

	(void)snprintf(text, sizeof(text), "%zu sectors", bundle->sector_count);
	progress(job, STEP_COMMIT, text);
	int r = open_disk(job, true, &disk, err);
	if (r < 0)
		return r;
	r = commit_runs(disk, bundle->runs, bundle->run_count, COMMIT_FIRST,
	        &job->result->sectors_written, err);
	/* What commit.h says of its errors. */
	if (r == 0 || err->reason == REASON_DISK_WRITE_ERROR || err->reason == REASON_VERIFY_FAILED)
		job->result->written = WRITTEN_PART;
	return r;
}

static int verify(const struct job *job, struct error *err)
{
	struct block_device *disk CLEANUP_BLOCK = NULL;

	progress(job, STEP_VERIFY, "");
	int r = open_disk(job, false, &disk, err);
	if (r < 0)
		return r;
	return plan_verify(disk, job->target, job->result->plan, err);
}

/* Plan on a disk opened for reading only; 1 when there is something to commit. */
static int plan(const struct job *job, struct block_device *disk, struct error *err)
{
	struct repair_result *result = job->result;

	progress(job, STEP_PLAN, "");
	int r = plan_make(disk, job->target, job->recipe, &result->plan, err);
	if (r < 0)
		return r;
	const struct plan *p = result->plan;
	if (p->reason != REASON_OK) {
		conclude(result, p->reason, p->text);
		if (strcmp(reason_severity(p->reason), "ok") == 0)
			return 0;
		return error_set(err, -ENOTSUP, p->reason, "%s", p->text);
	}
	if (p->run_count == 0)
		return error_set(
		        err, -EINVAL, REASON_INTERNAL, "the plan changes nothing: %.200s", p->text);
	if (job->options->dry_run) {
		conclude(result, REASON_WOULD_REPAIR, p->text);
		return 0;
	}
	return 1;
}

static int run(const struct job *job, struct error *err)
{
	struct block_device *disk CLEANUP_BLOCK = NULL;
	struct bundle *bundle CLEANUP(bundle_free_p) = NULL;

	int r = open_disk(job, false, &disk, err);
	if (r < 0)
		return r;
	r = plan(job, disk, err);
	if (r <= 0)
		return r;
	r = save(job, disk, &bundle, err);
	if (r < 0)
		return r;
	r = commit(job, bundle, err);
	if (r < 0)
		return r;
	r = verify(job, err);
	if (r < 0)
		return r;
	job->result->written = WRITTEN_ALL;
	const struct plan *p = job->result->plan;
	conclude(job->result, p->kind == PLAN_RENAME ? REASON_RENAMED : REASON_REPAIRED, p->text);
	return 0;
}

int repair_volume(const char *disk_path, const struct volume_target *target,
        const struct recipe *recipe, const struct repair_options *options,
        const struct repair_ops *ops, struct repair_result *result, struct error *err)
{
	const struct job job = {disk_path, target, recipe, options, ops, result};
	struct error why = {0};

	*result = (struct repair_result){.reason = REASON_INTERNAL};
	int r = run(&job, &why);
	if (r < 0) {
		conclude(result, why.reason, why.text);
		if (err)
			*err = why;
		return r;
	}
	progress(&job, STEP_DONE, reason_code(result->reason));
	return 0;
}

int repair_apply(struct block_device *disk, const struct bundle *bundle,
        enum commit_direction direction, size_t *ret_written, struct error *err)
{
	struct partition_table table;

	int r = partition_table_read(disk, &table, err);
	if (r < 0)
		return r;
	r = disk_refusal(disk, &table, err);
	if (r < 0)
		return r;
	r = bundle_fits(bundle, &table, disk->size, disk->sector_size, err);
	if (r == 0)
		r = bundle_stays_inside(bundle, &table, err);
	if (r < 0)
		return r;
	return commit_runs(disk, bundle->runs, bundle->run_count, direction, ret_written, err);
}

static int open_and_apply(const char *disk_path, const struct bundle *bundle,
        enum commit_direction direction, size_t *ret_written, struct error *err)
{
	struct block_device *disk CLEANUP_BLOCK = NULL;

	int r = file_device_open(disk_path, true, bundle->sector_size, &disk, err);
	return r < 0 ? r : repair_apply(disk, bundle, direction, ret_written, err);
}

int repair_complete(
        const char *disk_path, const struct bundle *bundle, size_t *ret_written, struct error *err)
{
	return open_and_apply(disk_path, bundle, COMMIT_COMPLETE, ret_written, err);
}

int repair_undo(
        const char *disk_path, const struct bundle *bundle, size_t *ret_written, struct error *err)
{
	return open_and_apply(disk_path, bundle, COMMIT_UNDO, ret_written, err);
}
