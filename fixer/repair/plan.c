/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/plan.h"
#include "fixer/repair/plan_internal.h"
#include "fixer/repair/replay.h"
#include "fixer/repair/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *plan_kind_name(enum plan_kind kind)
{
	static const char *const names[] = {[PLAN_NONE] = "none",
	        [PLAN_DELETE] = "delete",
	        [PLAN_RENAME] = "rename",
	        [PLAN_REPLAY_DELETE] = "replay-delete"};

	return names[kind];
}

const char *journal_state_name(enum journal_state state)
{
	static const char *const names[] = {[JOURNAL_CLEAN] = "clean",
	        [JOURNAL_UNCLEAN_V1] = "unclean-1.1",
	        [JOURNAL_UNCLEAN_V2] = "unclean-2.0",
	        [JOURNAL_EMPTY] = "empty",
	        [JOURNAL_DAMAGED] = "damaged"};

	return names[state];
}

const char *plan_stage_name(enum plan_stage stage)
{
	static const char *const names[] = {[STAGE_FLAGS] = "flags",
	        [STAGE_INDEX] = "index",
	        [STAGE_RECORD] = "record",
	        [STAGE_REST] = "rest",
	        [STAGE_JOURNAL] = "journal"};

	return names[stage];
}

static void free_runs(struct plan *p)
{
	for (size_t i = 0; i < p->run_count; i++) {
		free(p->runs[i].old_bytes);
		free(p->runs[i].new_bytes);
	}
	free(p->runs);
	p->runs = NULL;
	p->run_count = 0;
	p->sector_count = 0;
}

static void free_contents(struct plan *p)
{
	for (size_t i = 0; i < p->file_count; i++) {
		free(p->files[i].content);
		p->files[i].content = NULL;
		ntfs_metadata_free(p->files[i].metadata);
		p->files[i].metadata = NULL;
	}
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	free_runs(p);
	free_contents(p);
	free(p);
}

void plan_refuse(struct plan *plan, enum reason reason, const char *text)
{
	char copy[sizeof(plan->text)];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	memcpy(plan->text, copy, sizeof(copy));
	plan->kind = PLAN_NONE;
	plan->reason = reason;
	free_runs(plan);
	free_contents(plan);
	for (size_t i = 0; i < plan->file_count; i++) {
		if (plan->files[i].acted)
			plan->files[i].reason = reason;
		plan->files[i].acted = false;
	}
}

/* The child's answer, believed only as far as its form goes. */
static int take_answer(const struct buffer *answer, struct plan *plan, struct ntfs_whitelist *list,
        struct error *err)
{
	if (plan_decode(answer->data, answer->len, plan, list) < 0)
		return error_set(err, -EPROTO, REASON_CHILD_CRASHED,
		        "the answer of the process that reads the volume is garbled");
	return 0;
}

/* What the plan would do, checked twice; a plan that fails is refused, not an error. */
static void check(struct block_device *disk, const struct volume_target *target,
        const struct recipe *recipe, const struct volume *volume, struct plan *plan,
        const struct ntfs_whitelist *list)
{
	char text[sizeof(plan->text)];
	struct error why = {0};

	int r = plan_check_sectors(disk, target, volume, plan, list, &why);
	if (r == 0)
		r = plan_check_effect(disk, target, plan, STATE_AS_IS, STATE_NEW, recipe, &why);
	if (r == 0) {
		r = plan_set_stages(volume, target, plan);
		if (r < 0)
			(void)error_set(&why, r, REASON_DISK_READ_ERROR,
			        "looking at what would change: %s", strerror(-r));
	}
	if (r < 0) {
		plan_refuse(plan, why.reason, why.text);
		return;
	}
	plan_tell(plan, plan->text, text, sizeof(text));
	memcpy(plan->text, text, sizeof(text));
}

/* Where nothing waits in the journal, the child with what a replay takes is not paid for. */
static int find(struct find_job *job, struct buffer *answer, struct error *err)
{
	int r = sandbox_run(plan_find, job, NM_CHILD_SECONDS, NM_MAX_BUNDLE, answer, err);

	if (r != -EAGAIN || err->reason != REASON_NTFS_UNCLEAN)
		return r;
	*err = (struct error){0};
	job->may_replay = true;
	return sandbox_run_replaying(plan_find, job, NM_CHILD_SECONDS, NM_MAX_BUNDLE, answer, err);
}

static int make(struct block_device *disk, const struct volume_target *target,
        const struct recipe *recipe, const struct plan_image *view, const struct plan_image *raw,
        struct plan *plan, struct error *err)
{
	struct error refusal = {0};
	struct ntfs_whitelist list = {0};
	struct buffer answer;

	if (view->volume.bitlocker)
		(void)bitlocker_write_refusal(view->volume.bitlocker, &refusal);
	struct find_job job = {.view = view,
	        .raw = raw,
	        .recipe = recipe,
	        .refusal = &refusal,
	        .partition = target->partition.start};
	int r = find(&job, &answer, err);
	if (r < 0)
		return r;
	r = take_answer(&answer, plan, &list, err);
	buffer_free(&answer);
	if (r == 0 && plan->reason == REASON_OK)
		check(disk, target, recipe, &view->volume, plan, &list);
	ntfs_whitelist_free(&list);
	return r;
}

int plan_make(struct block_device *disk, const struct volume_target *target,
        const struct recipe *recipe, struct plan **ret, struct error *err)
{
	struct plan_image view = {0}, raw = {0};
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory to plan");
	plan->sector_size = disk->sector_size;
	int r = plan_image_open(disk, target, NULL, STATE_AS_IS, &view, err);
	if (r == 0)
		r = plan_image_open(disk, target, NULL, STATE_AS_IS, &raw, err);
	if (r == 0)
		r = make(disk, target, recipe, &view, &raw, plan, err);
	plan_image_close(&raw);
	plan_image_close(&view);
	if (r < 0) {
		plan_free(plan);
		return r;
	}
	*ret = plan;
	return 0;
}

int plan_verify(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, struct error *err)
{
	struct error why = {0};

	int r = plan_check_effect(disk, target, plan, STATE_OLD, STATE_AS_IS, NULL, &why);
	if (r < 0)
		return error_set(err, r, REASON_VERIFY_FAILED, "%s", why.text);
	return 0;
}
