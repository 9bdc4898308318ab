/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIXER_BUNDLE_SHOW_H
#define FIXER_BUNDLE_SHOW_H

#include "fixer/repair/bundle.h"

/* Prints what a bundle (read from the file path) says of a repair and of each file, for people. */
void bundle_show(const char *path, const struct bundle *b);

#endif
