/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What escrow says of recovery keys that come through the page. */
#ifndef API_ESCROW_KEYS_H
#define API_ESCROW_KEYS_H

#include "fixer/base/error.h"

#include <jansson.h>
#include <stdint.h>

/* The object "keys" of an answer: strict, as escrow_answer.h. */
int escrow_keys_check(json_t *keys, struct error *err);

/* Of all files of a checked one. */
struct escrow_keys_sum {
	int64_t added, present, rejected;
};
void escrow_keys_add_up(const json_t *keys, struct escrow_keys_sum *ret);

#endif
