/* SPDX-License-Identifier: GPL-3.0-or-later */
/* C:, made in a file of its own beside the disk, then copied in or encrypted. */
#include "tests/generators/disk.h"
#include "tests/generators/run.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* NTFS keeps the places of BitLocker's metadata occupied with files of these names. */
static int reserve_bitlocker(struct disk *d)
{
	char id[GUID_TEXT], path[96];
	struct gen_file file = {.path = path,
	        .size = FVE_AREA_SIZE,
	        .created = TREE_JULY,
	        .modified = TREE_JULY,
	        .attributes = GEN_ATTR_HIDDEN | GEN_ATTR_SYSTEM};
	struct gen_run run;
	int r = 0;

	guid_format(&d->fve.id, id);
	for (unsigned i = 0; i < FVE_COPIES && r == 0; i++) {
		(void)snprintf(
		        path, sizeof(path), "\\System Volume Information\\FVE2.{%s}.%u", id, i + 1);
		r = gen_ntfs_reserve(d->tree.ntfs, &file, &run);
		if (r == 0)
			d->fve.metadata[i] = run.first * GEN_CLUSTER;
	}
	(void)snprintf(path, sizeof(path), "\\System Volume Information\\FVE2.{%s}", id);
	file.size = fve_header_size(&d->fve);
	if (r == 0)
		r = gen_ntfs_reserve(d->tree.ntfs, &file, &run);
	if (r == 0)
		d->fve.header_backup = run.first * GEN_CLUSTER;
	return r;
}

static int fill_windows(struct disk *d, const char *path, uint8_t **ret_written)
{
	int r = gen_ntfs_open(path, &d->tree.ntfs);

	if (r < 0)
		return r;
	if (d->options.kind == DISK_BITLOCKER)
		r = reserve_bitlocker(d);
	d->tree.volume_size = d->partitions[PART_C].size;
	if (r == 0 && d->options.kind == DISK_NO_WINDOWS)
		r = tree_make_data(&d->tree);
	else if (r == 0)
		r = tree_make_windows(&d->tree);
	if (r == 0)
		r = gen_ntfs_written_clusters(d->tree.ntfs, ret_written, &d->fve.clusters);
	int closed = gen_ntfs_close(d->tree.ntfs);
	d->tree.ntfs = NULL;
	return r < 0 ? r : closed;
}

static void plan_bitlocker(struct disk *d)
{
	const struct disk_options *o = &d->options;

	d->fve.size = d->partitions[PART_C].size;
	d->fve.sector_size = o->sector_size;
	d->fve.options = o->fve;
	(void)snprintf(
	        d->fve.description, sizeof(d->fve.description), "%.40s C: 5/15/2023", o->name);
	fve_make_keys(&d->fve, o->seed);
}

static int copy_windows(struct disk *d, const char *path, const uint8_t *written)
{
	const struct gpt_partition *p = &d->partitions[PART_C];
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = gen_sha256_file(fd, p->size, d->ntfs_sha256);
	d->fve.written = written;
	if (r == 0 && d->options.kind == DISK_BITLOCKER)
		r = fve_write(&d->fve, fd, d->fd, p->start);
	else if (r == 0)
		r = gen_copy_sparse(fd, d->fd, p->start, p->size);
	d->fve.written = NULL;
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
	if (d->options.kind == DISK_BITLOCKER)
		plan_bitlocker(d);
	int r = disk_format(d, PART_C, path, "Windows");
	if (r == 0)
		r = fill_windows(d, path, &written);
	if (r == 0)
		r = copy_windows(d, path, written);
	(void)unlink(path);
	return r;
}
