/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Crash dumps where Windows leaves them. */
#include "tests/generators/dump.h"
#include "tests/generators/tree.h"

#include <errno.h>
#include <string.h>

#define DUMP_MAX       (512 * 1024)
#define MEMORY_TIME    1721362500 /* 2024-07-19T04:15:00Z */
#define MINIDUMP_TIME  1721365331 /* 2024-07-19T05:02:11Z */
#define PAGEFILE_TIME  1721368947 /* 2024-07-19T06:02:27Z */
#define EARLIER_TIME   1718355600 /* 2024-06-14T09:00:00Z: a crash that has nothing to do with it */
#define PAGEFILE_BYTES (1024 * 1024)

/* In the manifest, unless it is a paging file, which has at least size bytes. */
static int put_dump(struct tree *t, const char *path, const struct gen_dump *dump, size_t size,
        int64_t modified)
{
	struct buffer file;

	buffer_init(&file, DUMP_MAX + PAGEFILE_BYTES);
	int r = gen_dump_make(dump, &file);
	while (r == 0 && file.len < size) {
		static const uint8_t zeros[4096];
		r = buffer_append(&file, zeros, sizeof(zeros));
	}
	const struct gen_file whole = {.path = path,
	        .data = file.data,
	        .size = file.len,
	        .created = modified,
	        .modified = modified,
	        .attributes = GEN_ATTR_ARCHIVE};
	if (r == 0)
		r = size > 0 ? gen_ntfs_put(t->ntfs, &whole) : tree_put(t, &whole);
	buffer_free(&file);
	return r;
}

static int put_minidumps(struct tree *t)
{
	struct gen_dump earlier = gen_dump_crowdstrike(GEN_DUMP_SMALL, EARLIER_TIME);
	const struct gen_dump last = gen_dump_crowdstrike(GEN_DUMP_SMALL, MINIDUMP_TIME);

	earlier.code = 0xef;
	int r = put_dump(
	        t, "\\Windows\\Minidump\\071924-8843-01.dmp", &last, 0, MINIDUMP_TIME + 30);
	return r < 0 ? r
	             : put_dump(t, "\\Windows\\Minidump\\061424-9125-01.dmp", &earlier, 0,
	                       EARLIER_TIME + 30);
}

int tree_put_dumps(struct tree *t)
{
	const struct gen_dump memory = gen_dump_crowdstrike(GEN_DUMP_KERNEL, MEMORY_TIME);
	int r = 0;

	if (t->dumps & TREE_DUMP_MEMORY)
		r = put_dump(t, "\\Windows\\MEMORY.DMP", &memory, 0, MEMORY_TIME + 60);
	if (r == 0 && t->dumps & TREE_DUMP_MINI)
		r = put_minidumps(t);
	return r;
}

int tree_put_dump_paging(struct tree *t)
{
	const struct gen_dump dump = gen_dump_crowdstrike(GEN_DUMP_KERNEL, PAGEFILE_TIME);

	return put_dump(t, "\\pagefile.sys", &dump, PAGEFILE_BYTES, TREE_LAST_DAY);
}
