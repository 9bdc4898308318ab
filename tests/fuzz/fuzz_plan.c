/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a planning child answers. Its first byte picks the sector size. */
#include "fixer/repair/plan_internal.h"
#include "tests/fuzz/fuzz.h"

static void check_metadata(const struct ntfs_metadata *m)
{
	uint64_t streams = 0;

	must(m && m->run_count <= NTFS_METADATA_RUNS && m->name_count <= NTFS_METADATA_NAMES);
	must(m->stream_count <= NTFS_METADATA_STREAMS);
	for (size_t i = 0; i < m->name_count; i++)
		must(is_clean(m->names[i].name, NTFS_NAME_UTF8));
	for (size_t i = 0; i < m->stream_count; i++) {
		must(is_clean(m->streams[i].name, NTFS_NAME_UTF8));
		streams += m->streams[i].content ? m->streams[i].size : 0;
	}
	must(streams <= NTFS_METADATA_STREAM_MAX);
}

/* What the parent relies on before it looks at the disk. */
static void check_plan(const struct plan *plan)
{
	size_t sectors = 0;

	must(plan->file_count <= NM_MAX_MATCHES && is_clean(plan->text, sizeof(plan->text)));
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		must(is_clean(f->path, sizeof(f->path)) && f->reason < REASON_COUNT);
		must(is_clean(f->renamed_to, sizeof(f->renamed_to)));
		must(is_clean(f->note, sizeof(f->note)));
		must((f->renamed_to[0] != 0) == (f->acted && plan->kind == PLAN_RENAME));
		must(!f->acted || (f->content && f->size <= NM_MAX_TARGET_FILE));
		if (f->acted)
			check_metadata(f->metadata);
	}
	for (size_t i = 0; i < plan->run_count; i++) {
		const struct plan_run *run = &plan->runs[i];
		must(run->count > 0 && run->old_bytes && run->new_bytes);
		must(i == 0 || run->lba > plan->runs[i - 1].lba + plan->runs[i - 1].count);
		must((run->lba + run->count) * plan->sector_size / plan->sector_size ==
		        run->lba + run->count);
		sectors += run->count;
	}
	must(sectors == plan->sector_count);
	must(sectors * plan->sector_size <= (size_t)NM_MAX_CHANGED_SECTORS * 512);
	must((plan->reason == REASON_OK) == (plan->run_count > 0));
	/* Only a rename is for a volume that asks for chkdsk. */
	must(!(plan->volume_flags & NTFS_FLAG_DIRTY) || plan->kind == PLAN_NONE ||
	        plan->kind == PLAN_RENAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ntfs_whitelist list = {0};

	if (size == 0)
		return 0;
	struct plan *plan = calloc(1, sizeof(*plan));
	must(plan);
	plan->sector_size = data[0] & 1 ? 4096 : 512;
	if (plan_decode(data + 1, size - 1, plan, &list) == 0) {
		check_plan(plan);
		must(list.count <= NTFS_RANGES_MAX);
	}
	ntfs_whitelist_free(&list);
	plan_free(plan);
	return 0;
}
