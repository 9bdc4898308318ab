/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What volume a number stands for. */
#include "tests/volumes/random.h"
#include "fixer/base/log.h"
#include "tests/generators/ntfs_private.h"
#include "tests/generators/run.h"

#include <stdio.h>
#include <string.h>

#define MIB       (1024 * 1024u)
#define IN_WINDOW 1721362140 /* 2024-07-19T04:09:00Z, for 78 minutes */
#define WINDOW    4680
#define SETTLED   1721260800 /* 2024-07-18 */

/* Few entries most of the time, at times so many that the index is three levels deep. */
static unsigned draw_siblings(struct gen_random *r)
{
	unsigned kind = gen_random_below(r, 20);

	return kind < 10   ? 1 + gen_random_below(r, 30)
	       : kind < 17 ? 30 + gen_random_below(r, 170)
	       : kind < 19 ? 200 + gen_random_below(r, 600)
	                   : 800 + gen_random_below(r, 1200);
}

static unsigned draw_traits(struct gen_random *r)
{
	static const unsigned each[] = {TRAIT_READONLY, TRAIT_HIDDEN, TRAIT_SYSTEM, TRAIT_LINKED,
	        TRAIT_COMPRESSED, TRAIT_SPARSE, TRAIT_STREAMS, TRAIT_FRAGMENTED, TRAIT_LISTED,
	        TRAIT_POSIX};
	unsigned traits = 0;

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		if (gen_random_below(r, 5) == 0)
			traits |= each[i];
	return traits;
}

static void draw_bad_files(struct random_case *c)
{
	struct gen_random *r = &c->random;

	c->bad_count = gen_random_below(r, 12);
	if (c->bad_count > RANDOM_BAD_MAX)
		c->bad_count = 1;
	c->act_count = 0;
	for (unsigned i = 0; i < c->bad_count; i++) {
		struct random_file *f = &c->bad[i];
		bool good = gen_random_below(r, 8) == 0, upper = gen_random_below(r, 8) == 0;
		(void)snprintf(f->path, sizeof(f->path),
		        RANDOM_FOLDER "\\%s-00000291-00000000-%08u.%s", upper ? "c" : "C", 17 + i,
		        upper ? "SYS" : "sys");
		f->traits = draw_traits(r);
		f->size = gen_random_below(r, 10) == 0 ? gen_random_below(r, 600)
		                                       : gen_random_below(r, 60000);
		f->modified = IN_WINDOW + gen_random_below(r, WINDOW) + (good ? WINDOW : 0);
		c->act_count += !good;
	}
}

static void draw(struct random_case *c)
{
	struct gen_random *r = &c->random;

	c->sector = gen_random_below(r, 4) == 0 ? 4096 : 512;
	c->cluster = gen_random_below(r, 2) ? 4096 : 512u << gen_random_below(r, 8);
	if (c->cluster < c->sector)
		c->cluster = c->sector;
	c->size = (8ULL << gen_random_below(r, 3)) * MIB;
	if (c->cluster > 16384)
		c->size *= 2; /* room for more than a few files */
	c->size += (uint64_t)gen_random_below(r, 8 * MIB / c->sector) * c->sector;
	if (c->size > 64ULL * MIB)
		c->size = 64ULL * MIB;
	c->siblings = draw_siblings(r);
	c->files = 5 + gen_random_below(r, 60);
	if (c->siblings > c->size / 16384)
		c->siblings = (unsigned)(c->size / 16384);
	draw_bad_files(c);
	c->action = c->number % 2 ? ACTION_RENAME : ACTION_REMOVE;
}

static int format(const struct random_case *c)
{
	char cluster[16], sector[16];
	const char *const argv[] = {"mkntfs", "-q", "-F", "-f", "-T", "-c", cluster, "-s", sector,
	        "-p", "0", "-H", "255", "-S", "63", "-L", "Random", c->image, NULL};
	int fd = gen_create(c->image, c->size);

	if (fd < 0)
		return fd;
	(void)close(fd);
	(void)snprintf(cluster, sizeof(cluster), "%u", c->cluster);
	(void)snprintf(sector, sizeof(sector), "%u", c->sector);
	return gen_run(argv);
}

static int fill(struct random_case *c)
{
	struct gen_ntfs *n;
	int r = gen_ntfs_open(c->image, &n);

	if (r < 0)
		return r;
	r = random_put_windows(c, n);
	if (r == 0)
		r = random_put_channel_files(c, n);
	if (r == 0)
		r = random_put_others(c, n);
	if (r == 0)
		r = gen_ntfs_settle(n, SETTLED);
	int closed = gen_ntfs_close(n);
	return r < 0 ? r : closed;
}

int random_make(struct random_case *c, uint64_t seed, unsigned number, const char *image)
{
	char label[32];

	*c = (struct random_case){.seed = seed, .number = number};
	(void)snprintf(c->image, sizeof(c->image), "%s", image);
	(void)snprintf(label, sizeof(label), "volume %u", number);
	gen_random_init(&c->random, seed, label);
	draw(c);
	int r = format(c);
	return r < 0 ? r : fill(c);
}

void random_describe(const struct random_case *c, char *out, size_t size)
{
	(void)snprintf(out, size,
	        "%ju bytes, sectors of %u, clusters of %u, %u channel files, %u other files, %u of "
	        "channel 291 (%u in the window), %s",
	        (uintmax_t)c->size, c->sector, c->cluster, c->siblings, c->files, c->bad_count,
	        c->act_count, c->action == ACTION_RENAME ? "rename" : "remove");
}
