/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_FUZZ_SEEDS_H
#define TESTS_FUZZ_SEEDS_H

#include <stddef.h>

/* Writes DIRECTORY/target/name. */
void put_seed(const char *target, const char *name, const void *data, size_t len);

/* Volumes that stand open, and what else the BitLocker targets begin with. */
void bitlocker_seeds(void);

#endif
