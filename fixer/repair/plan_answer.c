/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as bytes (answer.h), from the child that made it to the parent that doubts it: in the
 * order of the functions. */
#include "fixer/repair/answer.h"
#include "fixer/repair/metadata_answer.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <string.h>

/* --- writing --------------------------------------------------------------------------------- */

static int put_file(struct buffer *out, const struct plan_file *f)
{
	const uint64_t numbers[] = {f->size, f->mft_reference, f->directory, f->created,
	        f->modified, f->mft_modified, f->accessed, f->attributes, f->in_window, f->acted,
	        f->reason};

	int r = answer_put_text(out, f->path);
	if (r == 0)
		r = answer_put_text(out, f->renamed_to);
	if (r == 0)
		r = answer_put_text(out, f->note);
	if (r == 0)
		r = answer_put_blob(out, f->name, f->name_len * sizeof(f->name[0]));
	if (r == 0)
		r = answer_put_numbers(out, numbers, sizeof(numbers) / sizeof(numbers[0]));
	if (r == 0)
		r = answer_put_blob(out, f->sha256, sizeof(f->sha256));
	if (r == 0 && f->acted)
		r = answer_put_blob(out, f->content, (size_t)f->size);
	if (r == 0 && f->acted)
		r = metadata_put(out, f->metadata);
	return r;
}

static int put_run(struct buffer *out, const struct plan_run *run, uint32_t sector_size)
{
	size_t len = (size_t)run->count * sector_size;
	const uint64_t numbers[] = {run->lba, run->count};

	int r = answer_put_numbers(out, numbers, 2);
	if (r == 0)
		r = answer_put_blob(out, run->old_bytes, len);
	if (r == 0)
		r = answer_put_blob(out, run->new_bytes, len);
	return r;
}

int plan_encode(const struct plan *plan, const struct ntfs_whitelist *list, struct buffer *out)
{
	const uint64_t numbers[] = {plan->kind, plan->reason, plan->journal, plan->volume_flags,
	        plan->ntfs_serial, plan->windows_count, plan->sector_size, plan->file_count,
	        plan->run_count, list->count};

	int r = answer_put_numbers(out, numbers, sizeof(numbers) / sizeof(numbers[0]));
	if (r == 0)
		r = answer_put_text(out, plan->text);
	for (size_t i = 0; r == 0 && i < plan->file_count; i++)
		r = put_file(out, &plan->files[i]);
	for (size_t i = 0; r == 0 && i < plan->run_count; i++)
		r = put_run(out, &plan->runs[i], plan->sector_size);
	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = answer_put_numbers(
		        out, (uint64_t[]){list->ranges[i].offset, list->ranges[i].len}, 2);
	return r;
}

/* --- reading; the cursor stays failed after the first thing that does not fit ------------------
 */

/* A blob of exactly len bytes, copied; NULL after a failure. */
static uint8_t *get_blob(struct cursor *c, uint64_t len)
{
	if (answer_number(c, len) != len)
		c->failed = true;
	const uint8_t *p = cursor_take(c, (size_t)len);
	uint8_t *copy = p ? malloc(len ? (size_t)len : 1) : NULL;

	if (copy)
		memcpy(copy, p, (size_t)len);
	else
		c->failed = true;
	return copy;
}

static void get_name(struct cursor *c, struct plan_file *f)
{
	size_t len = (size_t)answer_number(c, sizeof(f->name));

	if (len % sizeof(f->name[0]) != 0)
		c->failed = true;
	(void)cursor_copy(c, f->name, len);
	f->name_len = c->failed ? 0 : (uint8_t)(len / sizeof(f->name[0]));
}

static void get_file(struct cursor *c, struct plan_file *f)
{
	answer_text(c, f->path, sizeof(f->path));
	answer_text(c, f->renamed_to, sizeof(f->renamed_to));
	answer_text(c, f->note, sizeof(f->note));
	get_name(c, f);
	f->size = cursor_le64(c);
	f->mft_reference = cursor_le64(c);
	f->directory = cursor_le64(c);
	f->created = cursor_le64(c);
	f->modified = cursor_le64(c);
	f->mft_modified = cursor_le64(c);
	f->accessed = cursor_le64(c);
	f->attributes = (uint32_t)answer_number(c, UINT32_MAX);
	f->in_window = answer_number(c, 1);
	f->acted = answer_number(c, 1);
	f->reason = (enum reason)answer_number(c, REASON_COUNT - 1);
	if (answer_number(c, sizeof(f->sha256)) != sizeof(f->sha256))
		c->failed = true;
	(void)cursor_copy(c, f->sha256, sizeof(f->sha256));
	if (f->acted && f->size > NM_MAX_TARGET_FILE)
		c->failed = true;
	if (f->acted && !c->failed)
		f->content = get_blob(c, f->size);
	if (f->acted && !c->failed)
		f->metadata = metadata_get(c);
}

/* Runs come in ascending order and never touch: what touches is one run. */
static void get_run(struct cursor *c, struct plan *plan, struct plan_run *run)
{
	size_t left = (size_t)NM_MAX_CHANGED_SECTORS * 512 / plan->sector_size - plan->sector_count;

	run->lba = answer_number(c, UINT64_MAX / plan->sector_size - NM_MAX_CHANGED_SECTORS);
	run->count = (uint32_t)answer_number(c, left);
	const struct plan_run *last = run == plan->runs ? NULL : run - 1;
	if (run->count == 0 || (last && run->lba <= last->lba + last->count))
		c->failed = true;
	if (c->failed)
		return;
	plan->sector_count += run->count;
	run->old_bytes = get_blob(c, (uint64_t)run->count * plan->sector_size);
	run->new_bytes = get_blob(c, (uint64_t)run->count * plan->sector_size);
}

static void get_runs(struct cursor *c, struct plan *plan, size_t count)
{
	if (c->failed || count == 0)
		return;
	plan->runs = calloc(count, sizeof(*plan->runs));
	if (!plan->runs) {
		c->failed = true;
		return;
	}
	plan->run_count = count;
	for (size_t i = 0; !c->failed && i < count; i++)
		get_run(c, plan, &plan->runs[i]);
}

static void get_whitelist(struct cursor *c, struct ntfs_whitelist *list, size_t count)
{
	if (c->failed || count == 0)
		return;
	list->ranges = calloc(count, sizeof(*list->ranges));
	if (!list->ranges) {
		c->failed = true;
		return;
	}
	list->count = count;
	for (size_t i = 0; !c->failed && i < count; i++) {
		list->ranges[i].offset = cursor_le64(c);
		list->ranges[i].len = cursor_le64(c);
	}
}

/* What a kind of plan may be made for, whatever the child says: nothing but a rename touches a
 * volume that asks for chkdsk, and a delete needs a journal in which nothing waits. */
static bool fits_volume(const struct plan *plan)
{
	bool clean = plan->journal == JOURNAL_CLEAN || plan->journal == JOURNAL_EMPTY;
	bool dirty = plan->volume_flags & NTFS_FLAG_DIRTY;

	switch (plan->kind) {
	case PLAN_DELETE:
		return clean && !dirty;
	case PLAN_REPLAY_DELETE:
		return !clean && plan->journal != JOURNAL_DAMAGED && !dirty;
	case PLAN_RENAME:
		return plan->journal != JOURNAL_DAMAGED;
	case PLAN_NONE:
		break;
	}
	return true;
}

/* A plan with something to commit has files, a kind and sectors; any other has none of them. */
static bool is_consistent(const struct plan *plan)
{
	bool active = plan->reason == REASON_OK, renames = plan->kind == PLAN_RENAME;
	size_t acted = 0;

	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		acted += f->acted;
		if (f->acted != (f->reason == REASON_OK) ||
		        (f->renamed_to[0] != 0) != (f->acted && renames))
			return false;
	}
	return active == (acted > 0) && active == (plan->run_count > 0) &&
	       active == (plan->kind != PLAN_NONE) && fits_volume(plan);
}

int plan_decode(const void *bytes, size_t len, struct plan *plan, struct ntfs_whitelist *list)
{
	struct cursor c = cursor_over(bytes, len);
	uint32_t sector_size = plan->sector_size;

	plan->kind = (enum plan_kind)answer_number(&c, PLAN_REPLAY_DELETE);
	plan->reason = (enum reason)answer_number(&c, REASON_COUNT - 1);
	plan->journal = (enum journal_state)answer_number(&c, JOURNAL_DAMAGED);
	plan->volume_flags = (uint16_t)answer_number(&c, UINT16_MAX);
	plan->ntfs_serial = cursor_le64(&c);
	plan->windows_count = (size_t)answer_number(&c, UINT16_MAX);
	if (answer_number(&c, sector_size) != sector_size)
		c.failed = true;
	size_t files = (size_t)answer_number(&c, NM_MAX_MATCHES);
	size_t runs = (size_t)answer_number(&c, NM_MAX_CHANGED_SECTORS);
	size_t ranges = (size_t)answer_number(&c, NTFS_RANGES_MAX);
	answer_text(&c, plan->text, sizeof(plan->text));
	plan->file_count = files;
	for (size_t i = 0; !c.failed && i < files; i++)
		get_file(&c, &plan->files[i]);
	get_runs(&c, plan, runs);
	get_whitelist(&c, list, ranges);
	return c.failed || c.left > 0 || !is_consistent(plan) ? -EBADMSG : 0;
}
