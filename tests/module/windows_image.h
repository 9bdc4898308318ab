/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes that Windows made, when they are beside the project. */
#ifndef TESTS_WINDOWS_IMAGE_H
#define TESTS_WINDOWS_IMAGE_H

#include "tests/generators/run.h"

#include <archive.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WINDOWS_IMAGES "../shared/data/ntfs-dirty/"

/* Writes len bytes but for 4096 of zeros at an offset of that: the file is new. */
static inline void windows_image_write(int fd, const uint8_t *bytes, size_t len, uint64_t at)
{
	static const uint8_t zeros[4096];

	for (size_t i = 0; i < len; i += sizeof(zeros)) {
		size_t n = len - i < sizeof(zeros) ? len - i : sizeof(zeros);
		if (memcmp(bytes + i, zeros, n) != 0)
			assert_int_equal(gen_pwrite(fd, bytes + i, n, at + i), 0);
	}
}

/* Unpacks NAME.img.xz into a sparse file; false, and a line about it, when it is not here. */
static inline bool windows_image_unpack(const char *name, const char *to)
{
	static uint8_t piece[1024 * 1024];
	char path[256];
	struct archive_entry *entry;
	struct archive *a = archive_read_new();
	uint64_t at = 0;
	ssize_t n;

	(void)snprintf(path, sizeof(path), WINDOWS_IMAGES "%s.img.xz", name);
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_format_raw(a);
	if (access(path, R_OK) != 0) {
		print_message("skipped: no %s\n", path);
		(void)archive_read_free(a);
		return false;
	}
	assert_int_equal(archive_read_open_filename(a, path, 65536), ARCHIVE_OK);
	assert_int_equal(archive_read_next_header(a, &entry), ARCHIVE_OK);
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	for (; (n = archive_read_data(a, piece, sizeof(piece))) > 0; at += (uint64_t)n)
		windows_image_write(fd, piece, (size_t)n, at);
	assert_int_equal(n, 0);
	assert_int_equal(ftruncate(fd, (off_t)at), 0);
	assert_int_equal(close(fd), 0);
	(void)archive_read_free(a);
	return true;
}

#endif
