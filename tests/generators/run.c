/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/run.h"
#include "fixer/base/buffer.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

static void show_output(int fd)
{
	char text[800];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n > 0) {
		text[n] = 0;
		log_error("%s", text);
	}
}

int gen_run(const char *const argv[])
{
	static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	        "LC_ALL=C.UTF-8", "SOURCE_DATE_EPOCH=1719792000", "TZ=UTC", "MTOOLS_SKIP_CHECK=1",
	        NULL};
	int output CLEANUP_CLOSE = memfd_create("output", MFD_CLOEXEC);
	posix_spawn_file_actions_t actions;
	int status = 0;
	pid_t pid;

	if (output < 0)
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	/* posix_spawnp() takes arrays of non-const strings for historical reasons only. */
	union {
		const char *const *in;
		char *const *out;
	} args = {.in = argv}, env = {.in = environment};
	int r = posix_spawnp(&pid, argv[0], &actions, NULL, args.out, env.out);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0) {
		log_error("cannot run %s: %s", argv[0], strerror(r));
		return -r;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		log_error("%s failed (wait status %#x)", argv[0], (unsigned)status);
		show_output(output);
		return -EIO;
	}
	return 0;
}

/* Moves all len bytes; in says which way. */
static int transfer(int fd, uint8_t *p, size_t len, uint64_t offset, bool in)
{
	while (len > 0) {
		ssize_t n =
		        in ? pread(fd, p, len, (off_t)offset) : pwrite(fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int r = n < 0 ? -errno : -EIO;
			log_error("%s %zu bytes at %ju: %s", in ? "reading" : "writing", len,
			        (uintmax_t)offset, strerror(-r));
			return r;
		}
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int gen_pwrite(int fd, const void *data, size_t len, uint64_t offset)
{
	/* Only read from: pwrite(2) takes what it is given as it is. */
	return transfer(fd, (uint8_t *)(uintptr_t)data, len, offset, false);
}

int gen_pread(int fd, void *data, size_t len, uint64_t offset)
{
	return transfer(fd, data, len, offset, true);
}

int gen_create(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		return fd;
	int r = -errno;
	log_error("cannot create %s of %ju bytes: %s", path, (uintmax_t)size, strerror(-r));
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int gen_write_file(const char *path, const void *data, size_t len, mode_t mode)
{
	int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0) {
		int r = -errno;
		log_error("cannot create %s: %s", path, strerror(-r));
		return r;
	}
	return gen_pwrite(fd, data, len, 0);
}

static bool all_zero(const uint8_t *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

int gen_copy_sparse(int from, int to, uint64_t to_offset, uint64_t size)
{
	enum { CHUNK = 64 * 1024 };
	uint8_t chunk[CHUNK];

	for (uint64_t at = 0; at < size; at += CHUNK) {
		size_t len = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		int r = gen_pread(from, chunk, len, at);
		if (r == 0 && !all_zero(chunk, len))
			r = gen_pwrite(to, chunk, len, to_offset + at);
		if (r < 0)
			return r;
	}
	return 0;
}
