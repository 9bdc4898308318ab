/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes that look random and are the same for the same seed: ChaCha20 under SHA-256(seed, label).
 */
#ifndef GENERATORS_RANDOM_H
#define GENERATORS_RANDOM_H

#include "fixer/base/text.h"

#include <stddef.h>
#include <stdint.h>

struct gen_random {
	uint8_t key[32];
	uint64_t calls;
};

/* Streams with different labels are independent: adding a use of one never changes another. */
void gen_random_init(struct gen_random *r, uint64_t seed, const char *label);
void gen_random_bytes(struct gen_random *r, void *out, size_t len);
/* 0 <= result < limit; limit must not be 0. */
uint32_t gen_random_below(struct gen_random *r, uint32_t limit);
/* A version 4 GUID. */
struct guid gen_random_guid(struct gen_random *r);

#endif
