/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A private directory in which Debian's tools make an image: one tool after the other, without a
 * shell, with an environment and times that are the same everywhere. */
#ifndef MEDIA_WORK_H
#define MEDIA_WORK_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

#include <stdbool.h>

#define WORK_PATH_MAX 600
/* 2026-01-01, for every file of every image: what tools take for "now". */
#define WORK_EPOCH "1767225600"

struct work {
	char path[WORK_PATH_MAX];
};

/* Makes it beside the file output, so that the result can be renamed. CANNOT_OPEN. */
int work_open(struct work *ret, const char *output, struct error *err);
/* Removes it with everything in it. */
void work_close(struct work *w);

void work_path(const struct work *w, const char *name, char ret[WORK_PATH_MAX]);
int work_write(
        const struct work *w, const char *name, const void *data, size_t len, struct error *err);
int work_read(const struct work *w, const char *name, struct buffer *ret, struct error *err);

/* Runs argv[0] in the directory. CANNOT_OPEN: it is not installed (package names it), INTERNAL: it
 * failed, with the last line it wrote. */
int work_run(
        const struct work *w, const char *package, const char *const argv[], struct error *err);

#endif
