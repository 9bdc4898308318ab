/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/volumes/random.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "tests/generators/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Calls fn for each part of the file that is no hole. */
static int each_part(int fd, uint64_t size,
        int (*fn)(void *context, int fd, uint64_t at, size_t len), void *context)
{
	off_t at = 0, end = (off_t)size;
	int r = 0;

	while (r == 0 && at < end) {
		off_t data = lseek(fd, at, SEEK_DATA);
		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		at = lseek(fd, data, SEEK_HOLE);
		if (at < 0)
			return -errno;
		r = fn(context, fd, (uint64_t)data, (size_t)(at - data));
	}
	return r;
}

static int read_part(void *context, int fd, uint64_t at, size_t len)
{
	struct snapshot *s = context;

	return gen_pread(fd, s->bytes + at, len, at);
}

int snapshot_take(const char *image, struct snapshot *ret)
{
	CLEANUP_CLOSE int fd = open(image, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	struct snapshot s = {.size = (size_t)st.st_size};
	s.bytes = mmap(NULL, s.size, PROT_READ | PROT_WRITE,
	        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s.bytes == MAP_FAILED)
		return -ENOMEM;
	/* Not the children's business, who would lock all of it in memory. */
	(void)madvise(s.bytes, s.size, MADV_DONTFORK);
	int r = each_part(fd, s.size, read_part, &s);
	if (r < 0) {
		log_error("cannot read %s: %s", image, strerror(-r));
		snapshot_free(&s);
		return r;
	}
	*ret = s;
	return 0;
}

static int copy(const char *image, const char *to)
{
	CLEANUP_CLOSE int from = open(image, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	CLEANUP_CLOSE int out = gen_create(to, (uint64_t)st.st_size);
	return out < 0 ? out : gen_copy_sparse(from, out, 0, (uint64_t)st.st_size);
}

int snapshot_take_replayed(const char *image, struct snapshot *ret)
{
	char replayed[128];
	const char *const argv[] = {"ntfsrecover", "-k", replayed, NULL};

	(void)snprintf(replayed, sizeof(replayed), "%s.replayed", image);
	int r = copy(image, replayed);
	if (r == 0)
		r = gen_run(argv);
	if (r == 0)
		r = snapshot_take(replayed, ret);
	(void)unlink(replayed);
	return r;
}

void snapshot_free(struct snapshot *s)
{
	if (s->bytes)
		(void)munmap(s->bytes, s->size);
	*s = (struct snapshot){0};
}

/* Nothing ever makes a hole, so what the snapshot has is in the file's parts. */
static int compare_part(void *context, int fd, uint64_t at, size_t len)
{
	const struct snapshot *s = context;
	static uint8_t piece[65536];
	int r = 0;

	for (size_t n; r == 0 && len > 0; at += n, len -= n) {
		n = len < sizeof(piece) ? len : sizeof(piece);
		r = gen_pread(fd, piece, n, at);
		if (r == 0 && memcmp(piece, s->bytes + at, n) != 0)
			r = 1;
	}
	return r;
}

bool snapshot_equals(const struct snapshot *s, const char *image)
{
	CLEANUP_CLOSE int fd = open(image, O_RDONLY | O_CLOEXEC);
	struct snapshot copy = *s;
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size == s->size &&
	       each_part(fd, s->size, compare_part, &copy) == 0;
}
