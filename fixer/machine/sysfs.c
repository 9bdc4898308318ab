/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/machine/sysfs.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

int sysfs_bytes(const char *root, const char *path, void *out, size_t capacity)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s/%s", root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	CLEANUP_CLOSE int fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, out, capacity);
	return n < 0 ? -errno : (int)n;
}

void sysfs_text(const char *root, const char *path, char *out, size_t size)
{
	char raw[512];
	int n = sysfs_bytes(root, path, raw, sizeof(raw) - 1);

	if (n < 0)
		n = 0;
	while (n > 0 && strchr(" \t\n", raw[n - 1]))
		n--;
	raw[n] = 0;
	text_clean(out, size, raw + strspn(raw, " \t"));
}

uint64_t sysfs_number(const char *root, const char *path, uint64_t fallback)
{
	char text[32], *end;

	sysfs_text(root, path, text, sizeof(text));
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		return fallback;
	return value;
}
