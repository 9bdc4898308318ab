/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/sysfs.h"
#include "fixer/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ssize_t sysfs_read(char *out, size_t size, const char *format, ...)
{
	char path[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	out[0] = 0;
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	if (n < 0)
		return -errno;
	out[n] = 0;
	out[strcspn(out, "\n")] = 0;
	return (ssize_t)strlen(out);
}

int sysfs_write(const char *path, const char *text)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

void sysfs_each(const char *directory, void (*visit)(const char *path))
{
	DIR *d = opendir(directory);
	struct dirent *entry;
	char path[512];

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%.240s/%.255s", directory, entry->d_name);
		visit(path);
	}
	if (d)
		(void)closedir(d);
}
