/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the stretcher is asked, and lists of it. Under the stretcher's lock. */
#ifndef ESCROW_STRETCH_QUESTION_H
#define ESCROW_STRETCH_QUESTION_H

#include "appliance/escrow/stretch_memory.h"

/* One password and salt that somebody waits for. Its key is a copy, because the caller that brought
 * it may leave (stretcher_stop) while it is being stretched. */
struct question {
	struct question *next; /* by turn while it waits, in no order while it is worked on */
	uint8_t name[STRETCH_NAME];
	struct secret *key;
	uint8_t salt[BITLOCKER_SALT_LEN];
	uint64_t turn;
	unsigned askers; /* and one for the thread at work; the last one frees it */
	bool done;
	int result;
	struct secret *answer;
};

/* Without askers, in no list. NULL without memory. */
struct question *question_new(const uint8_t name[STRETCH_NAME], const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN], uint64_t turn);

/* One asker less. */
void question_drop(struct question *q);

struct question *question_find(struct question *list, const uint8_t name[STRETCH_NAME]);

/* Behind all of its turn. */
void question_queue(struct question **list, struct question *q);
void question_take_out(struct question **list, struct question *q); /* is in it */

#endif
