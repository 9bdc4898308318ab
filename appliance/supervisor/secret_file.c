/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/secret_file.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int refuse(const struct secret_file *f, struct error *err, int code, const char *why)
{
	return error_set(err, code, REASON_CANNOT_OPEN, "%s %s %s", f->key, f->path, why);
}

static int judge(const struct secret_file *f, int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse(f, err, -errno, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(f, err, -EINVAL, "is not a file");
	if (f->secret && st.st_uid != 0)
		return error_set(err, -EPERM, REASON_CANNOT_OPEN,
		        "%s %s belongs to another user than root, who could change it: chown root "
		        "%s",
		        f->key, f->path, f->path);
	if (f->secret && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return error_set(err, -EPERM, REASON_CANNOT_OPEN,
		        "%s %s is open to others (mode %04o): chmod 600 %s", f->key, f->path,
		        (unsigned)(st.st_mode & 07777), f->path);
	return 0;
}

/* The length, or -errno. */
static ssize_t read_all(int fd, uint8_t *into, size_t capacity)
{
	size_t len = 0;

	while (len < capacity) {
		ssize_t n = read(fd, into + len, capacity - len);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool is_text(const uint8_t *bytes, size_t len)
{
	/* A NUL follows what was read, as the memory was made of zeroes. */
	for (size_t i = 0; i < len;) {
		bool plain = bytes[i] != 0 && bytes[i] < 0x80;
		size_t n = plain ? 1 : utf8_char((const char *)bytes + i, NULL);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

static size_t line_len(const uint8_t *bytes, size_t len)
{
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	return len;
}

static int take(const struct secret_file *f, const struct secret *whole, size_t len,
        struct secret **ret, struct error *err)
{
	if (len > f->max)
		return error_set(err, -EFBIG, REASON_CANNOT_OPEN, "%s %s is larger than %zu bytes",
		        f->key, f->path, f->max);
	if (f->line)
		len = line_len(whole->data, len);
	if (len == 0)
		return refuse(f, err, -ENODATA, "is empty");
	if (f->line && memchr(whole->data, '\n', len))
		return refuse(f, err, -EINVAL, "has more than one line");
	if ((f->line || f->text) && !is_text(whole->data, len))
		return refuse(f, err, -EINVAL, "is not text (UTF-8)");
	struct secret *content = secret_copy(whole->data, len);
	if (!content)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory can be locked");
	*ret = content;
	return 0;
}

int secret_file_read(const struct secret_file *f, struct secret **ret, struct error *err)
{
	/* Not blocking: a named pipe would hold up the start. */
	int CLEANUP_CLOSE fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s %s: %s%s", f->key, f->path,
		        strerror(errno), errno == EACCES ? "; run this as root" : "");
	int r = judge(f, fd, err);
	if (r < 0)
		return r;
	/* One byte more than is allowed, and a NUL behind it. */
	struct secret *whole CLEANUP_SECRET = secret_new(f->max + 2);
	if (!whole)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory can be locked");
	ssize_t len = read_all(fd, whole->data, f->max + 1);
	if (len < 0)
		return refuse(f, err, (int)len, strerror((int)-len));
	return take(f, whole, (size_t)len, ret, err);
}
