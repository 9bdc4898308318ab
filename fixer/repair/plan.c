/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/plan.h"
#include "fixer/block/overlay.h"
#include "fixer/repair/sandbox.h"
#include "fixer/repair/plan_internal.h"

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

/* What deleting would do, checked twice; a plan that fails is refused, not an error. */
static void check(struct block_device *disk, const struct volume_target *target,
        const struct volume *volume, struct plan *plan, const struct ntfs_whitelist *list)
{
	struct error why = {0};

	int r = plan_check_sectors(disk, target, volume, plan, list, &why);
	if (r == 0)
		r = plan_check_effect(disk, target, plan, IMAGE_AS_IS, IMAGE_NEW, &why);
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
	size_t acted = 0;
	for (size_t i = 0; i < plan->file_count; i++)
		acted += plan->files[i].acted;
	(void)snprintf(plan->text, sizeof(plan->text), "journal %s: delete %zu file%s, %zu sectors",
	        journal_state_name(plan->journal), acted, acted == 1 ? "" : "s",
	        plan->sector_count);
}

static int make(struct block_device *disk, struct block_device *overlay,
        const struct volume_target *target, const struct recipe *recipe, struct plan *plan,
        struct error *err)
{
	struct volume volume;
	struct error refusal = {0};
	struct ntfs_whitelist list = {0};
	struct buffer answer;

	int r = volume_attach(overlay, target, &volume, err);
	if (r < 0)
		return r;
	if (volume.bitlocker)
		(void)bitlocker_write_refusal(volume.bitlocker, &refusal);
	struct find_job job = {
	        .overlay = overlay, .volume = &volume, .recipe = recipe, .refusal = &refusal};
	r = sandbox_run(plan_find, &job, NM_CHILD_SECONDS, NM_MAX_BUNDLE, &answer, err);
	if (r == 0) {
		r = take_answer(&answer, plan, &list, err);
		buffer_free(&answer);
	}
	if (r == 0 && plan->reason == REASON_OK)
		check(disk, target, &volume, plan, &list);
	ntfs_whitelist_free(&list);
	volume_detach(&volume);
	return r;
}

int plan_make(struct block_device *disk, const struct volume_target *target,
        const struct recipe *recipe, struct plan **ret, struct error *err)
{
	struct block_device *overlay;
	struct plan *plan = calloc(1, sizeof(*plan));

	int r = plan ? overlay_open(disk, NM_OVERLAY_MAX, &overlay) : -ENOMEM;
	if (r < 0) {
		free(plan);
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to plan");
	}
	plan->sector_size = disk->sector_size;
	r = make(disk, overlay, target, recipe, plan, err);
	block_close(overlay);
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

	int r = plan_check_effect(disk, target, plan, IMAGE_OLD, IMAGE_AS_IS, &why);
	if (r < 0)
		return error_set(err, r, REASON_VERIFY_FAILED, "%s", why.text);
	return 0;
}
