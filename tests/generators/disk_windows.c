/* SPDX-License-Identifier: GPL-3.0-or-later */
/* C:, made in a file of its own beside the disk, then copied in or encrypted. */
#include "tests/generators/disk.h"
#include "tests/generators/run.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int fill_windows(struct disk *d, const char *path, const char *before, uint8_t **ret_written)
{
	int r = gen_ntfs_open(path, &d->tree.ntfs);

	if (r < 0)
		return r;
	if (d->options.kind == DISK_BITLOCKER)
		r = disk_reserve_bitlocker(d);
	d->tree.volume_size = d->partitions[PART_C].size;
	if (r == 0 && d->options.kind == DISK_NO_WINDOWS)
		r = tree_make_data(&d->tree);
	else if (r == 0)
		r = tree_make_windows(&d->tree);
	if (r == 0 && d->options.pending)
		r = disk_put_pending(d, path, before);
	if (r == 0)
		r = gen_ntfs_written_clusters(d->tree.ntfs, ret_written, &d->fve.clusters);
	int closed = gen_ntfs_close(d->tree.ntfs);
	d->tree.ntfs = NULL;
	return r < 0 ? r : closed;
}

static int copy_windows(struct disk *d, const char *path, const uint8_t *written)
{
	const struct gpt_partition *p = &d->partitions[PART_C];
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	bool asked = d->options.volume_only || d->options.sha256;
	int r = asked ? gen_sha256_file(fd, p->size, d->ntfs_sha256) : 0;
	d->fve.written = written;
	if (r == 0 && d->options.kind == DISK_BITLOCKER)
		r = fve_write(&d->fve, fd, d->fd, p->start);
	else if (r == 0)
		r = gen_copy_sparse(fd, d->fd, p->start, p->size);
	d->fve.written = NULL;
	if (r == 0 && d->options.kind == DISK_BITLOCKER && d->options.startup_key)
		r = disk_write_startup_key(d);
	return r;
}

static int make_ntfs(struct disk *d, const char *path, uint8_t **ret_written)
{
	char *before CLEANUP_FREE = disk_beside(d, "before");
	int r = before ? disk_format(d, PART_C, path, "Windows") : -ENOMEM;

	if (r == 0)
		r = fill_windows(d, path, before, ret_written);
	if (r == 0 && d->options.unclean)
		r = disk_crash(d, path, before);
	if (before && d->options.pending)
		(void)unlink(before);
	return r;
}

int disk_write_windows(struct disk *d)
{
	char *path CLEANUP_FREE = disk_beside(d, "windows");
	uint8_t *written CLEANUP_FREE = NULL;

	if (!path)
		return -ENOMEM;
	d->tree.seed = d->options.seed;
	d->tree.name = d->options.name;
	d->tree.files = d->options.files;
	d->tree.bad_files = d->options.bad_files;
	d->tree.good_291 = d->options.good_291;
	d->tree.dumps = d->options.dumps;
	int r = d->options.kind == DISK_BITLOCKER ? disk_plan_bitlocker(d) : 0;
	if (r == 0 && d->options.fve.form == FVE_TO_GO)
		r = disk_fill_to_go(d, path);
	else if (r == 0)
		r = make_ntfs(d, path, &written);
	if (r == 0)
		r = copy_windows(d, path, written);
	(void)unlink(path);
	return r;
}
