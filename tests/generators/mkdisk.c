/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mkdisk: a disk as Windows 11 lays it out, for the tests. */
#include "tests/generators/disk.h"
#include "tests/generators/run.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * libntfs-3g stamps what it makes with this clock, sorts names by those stamps and leaves them in
 * unused bytes. Here the clock stands still, so that the same seed gives the same disk.
 */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	*now = (struct timespec){.tv_sec = TREE_JULY};
	return 0;
}

/* Everything but C:, which is there already. */
static int make_rest(struct disk *d)
{
	int r = gen_gpt_write(d->fd, d->options.size, d->options.sector_size, &d->id, d->partitions,
	        d->partition_count);

	if (r == 0 && d->options.kind != DISK_NO_NTFS)
		r = disk_write_recovery(d);
	if (r == 0)
		r = disk_write_esp(d);
	return r;
}

static int make(struct disk *d)
{
	int r = disk_plan(d);

	if (r < 0)
		return r;
	d->fd = gen_create(d->options.output, d->options.size);
	if (d->fd < 0)
		return d->fd;
	if (d->options.kind != DISK_NO_NTFS)
		r = disk_write_windows(d);
	if (r == 0 && !d->options.volume_only)
		r = make_rest(d);
	if (r == 0)
		r = disk_write_json(d);
	if (close(d->fd) < 0 && r == 0)
		r = -errno;
	tree_free(&d->tree);
	return r;
}

int main(int argc, char **argv)
{
	struct disk d = {0};

	log_init("mkdisk", false);
	if (!disk_parse_options(argc, argv, &d.options)) {
		disk_print_usage();
		return 2;
	}
	int r = make(&d);
	if (r < 0) {
		log_error("no disk: %s", strerror(-r));
		(void)unlink(d.options.output);
	}
	return r < 0;
}
