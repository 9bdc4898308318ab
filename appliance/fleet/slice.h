/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work on thousands of machines is done in slices, each a transaction of its own: nobody waits long
 * for the store meanwhile, neither web's loop nor another process. */
#ifndef FLEET_SLICE_H
#define FLEET_SLICE_H

#include <stdbool.h>
#include <stdint.h>

struct slice {
	int64_t until; /* ms of a clock that only goes forward */
};

/* One begins now. */
struct slice slice_begin(void);
bool slice_is_over(const struct slice *s);
/* For a program that has nothing else to do between two of them: SQLite's writers do not stand in a
 * row, so that one which comes again at once would leave no gap for others. */
void slice_pause(void);

#endif
