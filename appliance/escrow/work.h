/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One working over a case, from the first check to what is decided. */
#ifndef ESCROW_WORK_H
#define ESCROW_WORK_H

#include "appliance/escrow/search.h"

#define OUTCOME_TEXT 360

enum outcome_status { OUTCOME_PENDING, OUTCOME_DENIED, OUTCOME_RELEASED };

struct outcome {
	enum outcome_status status;
	enum reason reason;
	char text[OUTCOME_TEXT];
	char request[REQUEST_TEXT], code[PAIRING_TEXT_MAX]; /* while people have to approve */
	json_t *volumes; /* of what was released: sealed, owned */
	bool rest;       /* a source failed: not to be tried again at once */
};

/* {"v":1,"id":..,"status":..,...} of ../README.md; NULL without memory. */
json_t *outcome_answer(const struct outcome *o, json_int_t id);
bool outcome_equal(const struct outcome *a, const struct outcome *b);

struct work;

/* ask is borrowed. waits: its key was found before, and people had to approve: they are asked first
 * this time. NULL without memory. */
struct work *work_new(const struct ask *ask, uint64_t turn, bool waits);
void work_free(struct work *w);

/* Goes on until it is decided: true, with *ret set (volumes are the caller's). False before a
 * source that may take long, when remote is false: another thread goes on. */
bool work_go_on(struct escrow *e, struct work *w, bool remote, struct outcome *ret);

#endif
