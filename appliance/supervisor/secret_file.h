/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files named in the configuration whose content is handed to escrow or fetch. */
#ifndef SUPERVISOR_SECRET_FILE_H
#define SUPERVISOR_SECRET_FILE_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"

#include <stdbool.h>

struct secret_file {
	const char *key; /* where it is named, for errors: "[source ad] password-file" */
	const char *path;
	size_t max;  /* bytes */
	bool secret; /* must be root's, and closed to everybody else */
	bool line;   /* one line of text, given without its end */
	bool text;   /* UTF-8 without NUL */
};

/* CANNOT_OPEN with key, path and what to do: missing, unreadable, open to others, empty, too large,
 * not text. */
int secret_file_read(const struct secret_file *file, struct secret **ret, struct error *err);

#endif
