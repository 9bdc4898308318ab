/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/safe_mode.h"
#include "fixer/base/bytes.h"
#include "fixer/block/content.h"
#include "fixer/block/overlay.h"
#include "fixer/fat/fat.h"
#include "fixer/ntfs/lookup.h"
#include "fixer/ntfs/view.h"
#include "fixer/repair/answer.h"
#include "fixer/repair/sandbox.h"
#include "fixer/windows/hive.h"

#include <errno.h>
#include <string.h>

#define ANSWER_MAX 64
#define ESP_TYPE   "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"

struct bcd_job {
	struct block_device *dev; /* the partition, on an overlay */
	bool uefi;
	int scratch; /* for the hive */
};

/* --- in the child ---------------------------------------------------------------------------- */

static int open_on_fat(const struct bcd_job *job, struct hive_h **ret)
{
	static uint8_t bytes[BCD_MAX]; /* of this child alone */
	struct fat_file file;
	struct fat fat;
	bool dirty;

	int r = fat_open(job->dev, &fat);
	if (r == 0)
		r = fat_find(&fat, job->uefi ? BCD_PATH_UEFI : BCD_PATH_BIOS, &file);
	if (r == 0)
		r = fat_read(&fat, &file, bytes, sizeof(bytes));
	return r < 0 ? r : hive_open_bytes(bytes, file.size, job->scratch, ret, &dirty);
}

static int open_on_ntfs(const struct bcd_job *job, struct ntfs_view *view, struct hive_h **ret)
{
	struct ntfs_file file;
	uint64_t ref;
	bool dirty;

	int r = ntfs_resolve(view, ntfs_root(), BCD_PATH_BIOS, &ref);
	if (r == 0)
		r = ntfs_file_stat(view, ref, &file);
	if (r == 0 && file.size > BCD_MAX)
		r = -EFBIG;
	return r < 0 ? r : hive_open(view, ntfs_root(), BCD_PATH_BIOS, job->scratch, ret, &dirty);
}

static int read_bcd(const struct bcd_job *job, struct hive_h **ret)
{
	struct error err = {0};
	struct ntfs_view *view;
	uint8_t sector[512];

	int r = block_read(job->dev, 0, sector, sizeof(sector));
	if (r < 0)
		return r;
	if (job->uefi || volume_content(sector) == CONTENT_FAT)
		return open_on_fat(job, ret);
	if (volume_content(sector) != CONTENT_NTFS)
		return -ENOENT;
	r = ntfs_view_open(job->dev, &view, &err);
	if (r < 0)
		return r;
	r = open_on_ntfs(job, view, ret);
	(void)ntfs_view_close(view); /* what it may have written went into the overlay */
	return r;
}

static int look(void *context, struct buffer *out, struct error *err)
{
	enum safe_mode mode = SAFE_MODE_UNKNOWN;
	struct hive_h *hive;

	(void)err;
	if (read_bcd(context, &hive) == 0) {
		mode = bcd_safe_mode(hive);
		hive_close(hive);
	}
	return answer_put_number(out, mode);
}

/* --- in the parent --------------------------------------------------------------------------- */

bool safe_mode_partition(const struct partition *p, bool uefi)
{
	struct guid esp;

	if (!uefi)
		return p->active;
	return guid_parse(ESP_TYPE, &esp) == 0 && guid_equal(&p->type, &esp);
}

static enum safe_mode run_child(struct bcd_job *job, unsigned seconds)
{
	struct error err = {0};
	struct buffer answer;

	if (sandbox_run(look, job, seconds, ANSWER_MAX, &answer, &err) < 0)
		return SAFE_MODE_UNKNOWN;
	struct cursor c = cursor_over(answer.data, answer.len);
	uint64_t mode = answer_number(&c, SAFE_MODE_LAST);
	bool whole = !c.failed && c.left == 0;
	buffer_free(&answer);
	return whole ? (enum safe_mode)mode : SAFE_MODE_UNKNOWN;
}

enum safe_mode safe_mode_read(
        struct block_device *disk, const struct partition *p, bool uefi, unsigned seconds)
{
	struct block_device *overlay CLEANUP_BLOCK = NULL;
	struct block_device *window CLEANUP_BLOCK = NULL;
	struct bcd_job job = {.uefi = uefi, .scratch = -1};

	if (overlay_open(disk, NM_OVERLAY_MAX, &overlay) < 0 ||
	        partition_open(overlay, p->start, p->size, &window) < 0)
		return SAFE_MODE_UNKNOWN;
	job.dev = window;
	job.scratch = hive_scratch();
	if (job.scratch < 0)
		return SAFE_MODE_UNKNOWN;
	enum safe_mode mode = run_child(&job, seconds);
	(void)close(job.scratch);
	return mode;
}
