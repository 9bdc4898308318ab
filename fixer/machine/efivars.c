/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/machine/efivars.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define GLOBAL_GUID "8be4df61-93ca-11d2-aa0d-00e098032b8c" /* EFI_GLOBAL_VARIABLE */
#define ATTRIBUTES  7 /* NON_VOLATILE, BOOTSERVICE_ACCESS, RUNTIME_ACCESS */

static void variable_path(const char *sys, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/firmware/efi/efivars/%s-" GLOBAL_GUID, sys, name);
}

/* A file of efivarfs is the attributes (32 bit, little-endian), then the data; one read() gives a
 * consistent variable. */
int efivar_read(const char *sys, const char *name, void *data, size_t capacity)
{
	char path[PATH_MAX];
	uint8_t raw[4 + EFIVAR_MAX + 1];

	variable_path(sys, name, path);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, raw, sizeof(raw));
	if (n < 0)
		return -errno;
	if (n < 4)
		return -EBADMSG;
	if ((size_t)n - 4 > capacity || n == sizeof(raw))
		return -EMSGSIZE;
	memcpy(data, raw + 4, (size_t)n - 4);
	return (int)n - 4;
}

/* efivarfs guards variables with the immutable flag; a missing one needs no unlocking. */
static int unlock(const char *path)
{
	int flags = 0;
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return errno == ENOTTY || errno == EOPNOTSUPP ? 0 : -errno;
	if (!(flags & FS_IMMUTABLE_FL))
		return 0;
	flags &= ~FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

int efivar_write_u16(const char *sys, const char *name, uint16_t value)
{
	char path[PATH_MAX];
	uint8_t raw[6], back[2];

	variable_path(sys, name, path);
	int r = unlock(path);
	if (r < 0)
		return r;
	put_le32(raw, ATTRIBUTES);
	put_le16(raw + 4, value);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, raw, sizeof(raw)); /* one call: one SetVariable() */
	r = n < 0 ? -errno : n == sizeof(raw) ? 0 : -EIO;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		return r;
	r = efivar_read(sys, name, back, sizeof(back));
	if (r < 0)
		return r;
	return r == sizeof(back) && get_le16(back) == value ? 0 : -EIO;
}
