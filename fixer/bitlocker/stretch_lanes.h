/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several passwords side by side: what the kernels work on, and the kernels. Theirs alone who
 * stretch (stretch*.c). */
#ifndef BITLOCKER_STRETCH_LANES_H
#define BITLOCKER_STRETCH_LANES_H

#include "fixer/bitlocker/bitlocker.h"

#include <openssl/evp.h>

#define STRETCH_ROUNDS 0x100000

/* Hashes and salts as SHA-256 sees them: words, the first byte in the highest bits. Word w of lane
 * l is at [w][l], so that one load gets it for all lanes. */
struct stretch_lanes {
	uint32_t last[8][BITLOCKER_LANES_MAX], initial[8][BITLOCKER_LANES_MAX];
	uint32_t salt[4][BITLOCKER_LANES_MAX];
	uint32_t count[BITLOCKER_LANES_MAX]; /* the next round's number */
};

/* Some rounds of the lanes 0 to width - 1. What it leaves on the stack, up to STRETCH_STACK bytes,
 * the caller wipes. */
#define STRETCH_STACK 16384

struct stretch_kernel {
	size_t width;
	void (*run)(struct stretch_lanes *lanes, uint32_t rounds);
};

/* The widest this processor has. Static. */
const struct stretch_kernel *stretch_kernel_widest(void);

/* Each of the kernels, whether or not this processor has it. */
void stretch_kernel_4(struct stretch_lanes *lanes, uint32_t rounds);
void stretch_kernel_8(struct stretch_lanes *lanes, uint32_t rounds);  /* AVX2 */
void stretch_kernel_16(struct stretch_lanes *lanes, uint32_t rounds); /* AVX-512F */

/* What a round hashes: 88 bytes, little-endian. */
struct stretch_state {
	uint8_t last[32], initial[32], salt[BITLOCKER_SALT_LEN], count[8];
};

/* The first hash, of the key itself. sha256 is set in ctx from then on. 0 or -EIO. */
int stretch_begin(
        EVP_MD_CTX *ctx, const EVP_MD *sha256, const struct secret *key, struct stretch_state *s);
/* `rounds` rounds from number `first` on, one password alone, by libcrypto. 0 or -EIO. */
int stretch_rounds(EVP_MD_CTX *ctx, struct stretch_state *s, uint32_t first, uint32_t rounds);

#endif
