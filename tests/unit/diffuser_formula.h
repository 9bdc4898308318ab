/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Elephant diffuser as Ferguson's paper prints it, one sector and one word at a time: what ours
 * is compared with. */
#ifndef TESTS_DIFFUSER_FORMULA_H
#define TESTS_DIFFUSER_FORMULA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FORMULA_MAX_SECTOR 4096

static const unsigned formula_a[4] = {9, 0, 13, 0}, formula_b[4] = {0, 10, 0, 25};

static inline uint32_t formula_rotated(uint32_t value, unsigned by)
{
	return by ? value << by | value >> (32 - by) : value;
}

static inline void formula_xor_key(uint8_t *sector, size_t size, const uint8_t key[32])
{
	for (size_t i = 0; i < size; i++)
		sector[i] ^= key[i % 32];
}

/* n words, a power of two; words of the machine, which is little-endian where the tests run. */
static inline void formula_encrypt(uint8_t *sector, size_t size, const uint8_t key[32])
{
	uint32_t d[FORMULA_MAX_SECTOR / 4];
	size_t n = size / 4, m = n - 1;

	formula_xor_key(sector, size, key);
	memcpy(d, sector, size);
	for (int cycle = 0; cycle < 5; cycle++)
		for (size_t i = n; i-- > 0;)
			d[i] -= d[(i - 2) & m] ^ formula_rotated(d[(i - 5) & m], formula_a[i % 4]);
	for (int cycle = 0; cycle < 3; cycle++)
		for (size_t i = n; i-- > 0;)
			d[i] -= d[(i + 2) & m] ^ formula_rotated(d[(i + 5) & m], formula_b[i % 4]);
	memcpy(sector, d, size);
}

static inline void formula_decrypt(uint8_t *sector, size_t size, const uint8_t key[32])
{
	uint32_t d[FORMULA_MAX_SECTOR / 4];
	size_t n = size / 4, m = n - 1;

	memcpy(d, sector, size);
	for (int cycle = 0; cycle < 3; cycle++)
		for (size_t i = 0; i < n; i++)
			d[i] += d[(i + 2) & m] ^ formula_rotated(d[(i + 5) & m], formula_b[i % 4]);
	for (int cycle = 0; cycle < 5; cycle++)
		for (size_t i = 0; i < n; i++)
			d[i] += d[(i - 2) & m] ^ formula_rotated(d[(i - 5) & m], formula_a[i % 4]);
	memcpy(sector, d, size);
	formula_xor_key(sector, size, key);
}

#endif
