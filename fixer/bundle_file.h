/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bundles as files, for repairs without an appliance. */
#ifndef FIXER_BUNDLE_FILE_H
#define FIXER_BUNDLE_FILE_H

#include "fixer/repair/bundle.h"

/* The name a bundle gets when none is asked for: beside an image, in the current directory for a
 * device; with the time. malloc()ed, NULL without memory. */
char *bundle_file_name(const char *disk_path);

/* Writes a new file (never over an old one) and makes it and its directory entry durable.
 * REASON_JOURNAL_REFUSED; then no file is left. */
int bundle_file_write(const char *path, const struct bundle *bundle, struct error *err);

/* REASON_CANNOT_OPEN, REASON_BUNDLE_BAD. */
int bundle_file_read(const char *path, struct bundle **ret, struct error *err);

#endif
