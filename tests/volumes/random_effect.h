/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a repair may do to a volume, line by line of ntfscheck's dump. From the dump before, what
 * the plan means to change is taken away or changed as the plan means it; what cannot stay the same
 * (times of the directory, the shape of its index) is cut from both; the rest must be the same.
 */
#ifndef VOLUMES_RANDOM_EFFECT_H
#define VOLUMES_RANDOM_EFFECT_H

#include "tests/volumes/random.h"

/* A file as the dump names it, "number-sequence ", and what the plan leaves of it. */
struct subject {
	char key[40];
	bool stays; /* it has a name in another directory */
};

struct effect {
	enum plan_kind kind;
	size_t count;
	struct subject files[RANDOM_BAD_MAX + 1];
	char directory[40], above[40]; /* keys; above: where the directory's name is */
};

/* From the plan, and from the lines of the dump before which files have names elsewhere. */
struct effect effect_learn(const struct plan *plan, char *const *lines, size_t count);

/* Brings a line, of the dump before or after, to what both must have; false when it is not
 * compared. */
bool effect_apply(struct effect *e, char *line, bool before);

#endif
