/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/saved/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct saved {
	struct store *store;
	struct store_bundle bundle;
	int fd;
	bool complete;
	int64_t parts, bytes; /* from the store so far */
};

void saved_name(const char *sha256, char ret[SAVED_NAME])
{
	(void)snprintf(ret, SAVED_NAME, "%.64s.tar.zst", sha256);
}

static int file_open(const char *directory, const char *sha256, bool *ret_complete)
{
	char name[SAVED_NAME], path[512];

	saved_name(sha256, name);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	*ret_complete = fd >= 0;
	if (fd < 0 && errno == ENOENT)
		fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int saved_open(struct store *s, const char *directory, const struct store_bundle *bundle,
        struct saved **ret)
{
	struct saved *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->store = s;
	f->bundle = *bundle;
	f->fd = file_open(directory, bundle->sha256, &f->complete);
	if (f->fd < 0) {
		int e = f->fd;
		free(f);
		return e;
	}
	*ret = f;
	return 0;
}

void saved_free(struct saved *f)
{
	if (!f)
		return;
	(void)close(f->fd);
	free(f);
}

int saved_go_on(struct saved *f)
{
	if (f->complete)
		return 0;
	int len = store_bundle_part(f->store, f->bundle.sha256, f->parts, f->fd);
	if (len < 0)
		return len;
	f->bytes += len;
	f->parts += len > 0;
	if (len > 0)
		return 1;
	if (f->parts == 0)
		return -ENOENT;
	f->complete = f->bytes == f->bundle.size;
	return f->complete ? 0 : -EIO;
}

int saved_fd(const struct saved *f)
{
	return f->fd;
}
