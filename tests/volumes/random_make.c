/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What volume a number stands for. */
#include "tests/volumes/random.h"
#include "fixer/base/log.h"
#include "tests/generators/ntfs_private.h"
#include "tests/generators/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MIB       (1024 * 1024u)
#define IN_WINDOW 1721362140 /* 2024-07-19T04:09:00Z, for 78 minutes */
#define WINDOW    4680
#define SETTLED   1721260800 /* 2024-07-18 */

/* Few entries most of the time, at times so many that the index is three levels deep. */
static unsigned draw_siblings(struct gen_random *r)
{
	unsigned kind = gen_random_below(r, 40);

	return kind < 24   ? 1 + gen_random_below(r, 30)
	       : kind < 37 ? 30 + gen_random_below(r, 170)
	       : kind < 39 ? 200 + gen_random_below(r, 600)
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

/* Two thirds are in order. The generator of journals knows clusters of 4096 bytes only. */
static void draw_state(struct random_case *c)
{
	struct gen_random *r = &c->random;

	c->unclean = gen_random_below(r, 2) ? UNCLEAN_RENAME : UNCLEAN_REPLAY;
	c->dirty = gen_random_below(r, 12) == 0;
	if (c->cluster != 4096 || gen_random_below(r, 2))
		return;
	c->journal = 1 + gen_random_below(r, 2);
	c->pending = gen_random_below(r, 4) > 0;
	c->pending_beside = c->pending && gen_random_below(r, 2);
	c->flushed = (enum gen_flushed)gen_random_below(r, 3);
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
	draw_state(c);
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

static int fill_open(struct random_case *c, struct gen_ntfs *n, const char *before)
{
	int r = random_put_windows(c, n);

	if (r == 0)
		r = random_put_channel_files(c, n);
	if (r == 0)
		r = random_put_others(c, n);
	if (r == 0)
		r = gen_ntfs_settle(n, SETTLED);
	if (r == 0 && c->dirty && ntfs_volume_write_flags(n->vol, VOLUME_IS_DIRTY) < 0)
		r = gen_ntfs_failed("cannot mark", c->image);
	if (r < 0 || !c->pending)
		return r;
	r = gen_ntfs_copy(n, c->image, before);
	return r == 0 ? random_put_pending(c, n) : r;
}

static int fill(struct random_case *c)
{
	char before[sizeof(c->image) + 8];
	struct gen_ntfs *n;
	int r = gen_ntfs_open(c->image, &n);

	if (r < 0)
		return r;
	(void)snprintf(before, sizeof(before), "%s.before", c->image);
	r = fill_open(c, n, before);
	int closed = gen_ntfs_close(n);
	if (r == 0)
		r = closed;
	const struct gen_crash crash = {.version = c->journal,
	        .before = c->pending ? before : NULL,
	        .flushed = c->flushed,
	        .seed = c->seed + c->number};
	if (r == 0 && c->journal)
		r = gen_journal_crash(c->image, &crash);
	if (c->pending)
		(void)unlink(before);
	return r;
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
	static const char *const flushed[] = {"all", "some", "none"};
	char state[128] = "empty";

	if (c->journal)
		(void)snprintf(state, sizeof(state), "unclean %u, %s%s%s", c->journal,
		        !c->pending         ? "nothing pending"
		        : c->pending_beside ? "pending beside, in place: "
		                            : "pending elsewhere, in place: ",
		        c->pending ? flushed[c->flushed] : "",
		        c->unclean == UNCLEAN_RENAME ? "; rename" : "; replay");
	(void)snprintf(out, size,
	        "%ju bytes, sectors of %u, clusters of %u, %u channel files, %u other files, %u of "
	        "channel 291 (%u in the window), %s, journal %s%s",
	        (uintmax_t)c->size, c->sector, c->cluster, c->siblings, c->files, c->bad_count,
	        c->act_count, c->action == ACTION_RENAME ? "rename" : "remove", state,
	        c->dirty ? ", dirty" : "");
}
