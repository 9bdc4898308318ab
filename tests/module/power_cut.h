/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that remembers every write and flush of a repair, and every state that a power cut can
 * leave it in. For the test_power_cut*.c programs.
 */
#ifndef TESTS_MODULE_POWER_CUT_H
#define TESTS_MODULE_POWER_CUT_H

#include "fixer/repair/repair.h"
#include "tests/module/plan_fixture.h"
#include "tests/ntfscheck/ntfscheck.h"

#include <sys/mman.h>
#include <sys/stat.h>

#define CUT_SECTORS 1024 /* that one plan may change, here */
#define CUT_EVENTS  2048
#define CUT_FLUSH   (-1)

/* One sector that the repair changes. */
struct cut_sector {
	uint64_t lba;
	const uint8_t *old_bytes, *new_bytes;
};

/* Which of the sectors hold their new content: a state of the disk. */
struct cut_state {
	bool is_new[CUT_SECTORS];
};

struct cut_disk {
	struct block_device dev;
	uint8_t *bytes; /* private: the file never changes */
	size_t sector_count;
	struct cut_sector sectors[CUT_SECTORS];
	/* What happened since cut_forget(): numbers of sectors written, CUT_FLUSH. */
	int events[CUT_EVENTS];
	size_t event_count;
	long writes_left; /* sectors until the power goes; negative: never */
};

static inline struct cut_disk *cut_of(struct block_device *dev)
{
	return (struct cut_disk *)dev;
}

static inline void cut_forget(struct cut_disk *d)
{
	d->event_count = 0;
	d->writes_left = -1;
}

static inline void cut_remember(struct cut_disk *d, int event)
{
	assert_true(d->event_count < CUT_EVENTS);
	d->events[d->event_count++] = event;
}

static inline int cut_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	memcpy(buf, cut_of(dev)->bytes + offset, len);
	return 0;
}

static inline size_t cut_find(const struct cut_disk *d, uint64_t lba)
{
	for (size_t i = 0; i < d->sector_count; i++)
		if (d->sectors[i].lba == lba)
			return i;
	fail_msg("sector %llu is written, though no plan says so", (unsigned long long)lba);
	return 0;
}

/* Sector by sector, so that the power can go in the middle. */
static inline int cut_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	struct cut_disk *d = cut_of(dev);
	size_t size = dev->sector_size;

	assert_true(offset % size == 0 && len % size == 0);
	for (size_t done = 0; done < len; done += size) {
		if (d->writes_left == 0)
			return -EIO;
		d->writes_left -= d->writes_left > 0;
		cut_remember(d, (int)cut_find(d, (offset + done) / size));
		memcpy(d->bytes + offset + done, (const uint8_t *)buf + done, size);
	}
	return 0;
}

static inline int cut_flush(struct block_device *dev)
{
	if (cut_of(dev)->writes_left == 0)
		return -EIO;
	cut_remember(cut_of(dev), CUT_FLUSH);
	return 0;
}

static inline int cut_drop(struct block_device *dev, uint64_t offset, size_t len)
{
	(void)offset;
	(void)len;
	return cut_of(dev)->writes_left == 0 ? -EIO : 0;
}

static inline void cut_close(struct block_device *dev)
{
	(void)munmap(cut_of(dev)->bytes, dev->size);
}

static const struct block_ops cut_ops = {.read = cut_read,
        .write = cut_write,
        .flush = cut_flush,
        .drop_cache = cut_drop,
        .close = cut_close};

/* The disk in the file path; nothing of what is written to it gets there. */
static inline void cut_open(struct cut_disk *d, const char *path, uint32_t sector_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*d = (struct cut_disk){.dev = {.ops = &cut_ops,
	                               .size = (uint64_t)st.st_size,
	                               .sector_size = sector_size,
	                               .writable = true,
	                               .name = "memory"}};
	d->bytes = mmap(NULL, d->dev.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	assert_true(d->bytes != MAP_FAILED);
	assert_int_equal(close(fd), 0);
	cut_forget(d);
}

static inline void cut_expect(struct cut_disk *d, const struct plan_run *runs, size_t run_count)
{
	size_t size = d->dev.sector_size;

	d->sector_count = 0;
	for (size_t i = 0; i < run_count; i++)
		for (size_t k = 0; k < runs[i].count; k++) {
			assert_true(d->sector_count < CUT_SECTORS);
			d->sectors[d->sector_count++] = (struct cut_sector){runs[i].lba + k,
			        runs[i].old_bytes + k * size, runs[i].new_bytes + k * size};
		}
}

static inline void cut_set(struct cut_disk *d, const struct cut_state *state)
{
	for (size_t i = 0; i < d->sector_count; i++) {
		const struct cut_sector *s = &d->sectors[i];
		memcpy(d->bytes + s->lba * d->dev.sector_size,
		        state->is_new[i] ? s->new_bytes : s->old_bytes, d->dev.sector_size);
	}
	cut_forget(d);
}

/* Every sector holds its old, or every sector its new content; no other was ever written. */
static inline void cut_assert_side(const struct cut_disk *d, bool new_side)
{
	for (size_t i = 0; i < d->sector_count; i++) {
		const struct cut_sector *s = &d->sectors[i];
		assert_memory_equal(d->bytes + s->lba * d->dev.sector_size,
		        new_side ? s->new_bytes : s->old_bytes, d->dev.sector_size);
	}
}

/* --- states ---------------------------------------------------------------------------------- */

typedef void cut_visit(void *context, const struct cut_state *state, bool in_order);

static inline uint32_t cut_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/*
 * From a state and what was written then: the power goes after each sector (in_order); or, because
 * a drive keeps what is not flushed in any order, any part of what was written since the last
 * flush is there: all but one, only one, and random parts (random times; all parts when those are
 * not more). goes_to_new: to which side the writes were.
 */
static inline void cut_each(const struct cut_state *start, const int *events, size_t event_count,
        bool goes_to_new, unsigned random, cut_visit *visit, void *context)
{
	struct cut_state base = *start, now = *start;
	uint64_t seed = 291;

	visit(context, &now, true);
	for (size_t from = 0; from < event_count;) {
		size_t end = from;
		while (end < event_count && events[end] != CUT_FLUSH) {
			now.is_new[events[end++]] = goes_to_new;
			visit(context, &now, true);
		}
		size_t n = end - from;
		unsigned all = n <= 12 && 1u << n <= random ? 1u << n : 0;
		for (size_t k = 0; k < (all ? all : n > 1 ? 2 * n + random : 0); k++) {
			struct cut_state part = base;
			for (size_t i = 0; i < n; i++) {
				bool there = all         ? k >> i & 1
				             : k < n     ? i != k
				             : k < 2 * n ? i == k - n
				                         : cut_random(&seed) & 1;
				if (there)
					part.is_new[events[from + i]] = goes_to_new;
			}
			visit(context, &part, false);
		}
		base = now;
		from = end + 1;
	}
}

#endif
