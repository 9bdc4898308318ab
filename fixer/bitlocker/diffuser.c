/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two diffusers without keys of their own mix the sector as little-endian 32 bit words, indices
 * going round; the sector key is XORed over it before (encrypting) or after (decrypting).
 */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/cipher.h"

#define MAX_WORDS (4096 / 4)
#define A_CYCLES  5
#define B_CYCLES  3

static const unsigned a_rotation[4] = {9, 0, 13, 0}, b_rotation[4] = {0, 10, 0, 25};

static uint32_t rotate_left(uint32_t value, unsigned by)
{
	return value << by | value >> ((32 - by) & 31);
}

/* What a cycle adds to word i (decrypting) or takes from it (encrypting); n is a power of two. */
static uint32_t a_term(const uint32_t *words, size_t n, size_t i)
{
	return words[(i - 2) & (n - 1)] ^ rotate_left(words[(i - 5) & (n - 1)], a_rotation[i & 3]);
}

static uint32_t b_term(const uint32_t *words, size_t n, size_t i)
{
	return words[(i + 2) & (n - 1)] ^ rotate_left(words[(i + 5) & (n - 1)], b_rotation[i & 3]);
}

static void load(uint32_t *words, const uint8_t *sector, size_t n)
{
	for (size_t i = 0; i < n; i++)
		words[i] = get_le32(sector + 4 * i);
}

static void store(uint8_t *sector, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_le32(sector + 4 * i, words[i]);
}

static void xor_key(uint32_t *words, size_t n, const uint8_t key[32])
{
	for (size_t i = 0; i < n; i++)
		words[i] ^= get_le32(key + 4 * (i & 7));
}

void diffuser_decrypt(uint8_t *sector, size_t sector_size, const uint8_t key[32])
{
	uint32_t words[MAX_WORDS];
	size_t n = sector_size / 4;

	load(words, sector, n);
	for (int cycle = 0; cycle < B_CYCLES; cycle++)
		for (size_t i = 0; i < n; i++)
			words[i] += b_term(words, n, i);
	for (int cycle = 0; cycle < A_CYCLES; cycle++)
		for (size_t i = 0; i < n; i++)
			words[i] += a_term(words, n, i);
	xor_key(words, n, key);
	store(sector, words, n);
}

void diffuser_encrypt(uint8_t *sector, size_t sector_size, const uint8_t key[32])
{
	uint32_t words[MAX_WORDS];
	size_t n = sector_size / 4;

	load(words, sector, n);
	xor_key(words, n, key);
	for (int cycle = 0; cycle < A_CYCLES; cycle++)
		for (size_t i = n; i-- > 0;)
			words[i] -= a_term(words, n, i);
	for (int cycle = 0; cycle < B_CYCLES; cycle++)
		for (size_t i = n; i-- > 0;)
			words[i] -= b_term(words, n, i);
	store(sector, words, n);
}
