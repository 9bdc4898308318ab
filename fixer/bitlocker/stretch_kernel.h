/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SHA-256 (FIPS 180-4) of WIDTH messages at once, a message in each lane of a vector, made for what
 * BitLocker stretches: 88 bytes, of which 52 stay the same from round to round. Included by each
 * stretch_*.c that is compiled for another instruction set, which defines before:
 *   WIDTH   lanes; TARGET  the attribute; NAME  the function;
 *   XOR3, CHOOSE, MAJORITY  of three vectors; ROTATE  a vector to the right by a constant
 */
#include "fixer/bitlocker/stretch_lanes.h"

#include <string.h>

/* Short loops written out, so that their arrays become registers. */
#define UNROLLED _Pragma("GCC unroll 16")
#define INLINE   static inline __attribute__((always_inline)) TARGET

typedef uint32_t vec __attribute__((vector_size(4 * WIDTH)));

/* FIPS 180-4, 4.2.2 and 5.3.3. */
static const uint32_t round_constant[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
        0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
        0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
        0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
        0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
        0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624,
        0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3,
        0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
        0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
static const uint32_t start_hash[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
        0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

INLINE vec load(const uint32_t *from)
{
	vec v;

	memcpy(&v, from, sizeof(v));
	return v;
}

INLINE void store(uint32_t *to, vec v)
{
	memcpy(to, &v, sizeof(v));
}

INLINE vec sigma0(vec x)
{
	return XOR3(ROTATE(x, 7), ROTATE(x, 18), x >> 3);
}

INLINE vec sigma1(vec x)
{
	return XOR3(ROTATE(x, 17), ROTATE(x, 19), x >> 10);
}

/* One of the 64 steps. a to h turn round: the caller names them one place further each time. */
INLINE void step(vec a, vec b, vec c, vec *d, vec e, vec f, vec g, vec *h, vec in)
{
	vec sum = *h + XOR3(ROTATE(e, 6), ROTATE(e, 11), ROTATE(e, 25)) + CHOOSE(e, f, g) + in;

	*d += sum;
	*h = sum + XOR3(ROTATE(a, 2), ROTATE(a, 13), ROTATE(a, 22)) + MAJORITY(a, b, c);
}

/* Word t of the message schedule, in the place of word t - 16. */
#define NEXT_WORD(w, t) \
	(w[(t) % 16] += sigma0(w[((t) + 1) % 16]) + w[((t) + 9) % 16] + sigma1(w[((t) + 14) % 16]))

#define STEP(t, word)                                                                        \
	step(s[(64 - (t)) % 8], s[(65 - (t)) % 8], s[(66 - (t)) % 8], &s[(67 - (t)) % 8],    \
	        s[(68 - (t)) % 8], s[(69 - (t)) % 8], s[(70 - (t)) % 8], &s[(71 - (t)) % 8], \
	        (word) + round_constant[t])

#define STEPS_4(t, word)          \
	STEP(t, word(t));         \
	STEP(t + 1, word(t + 1)); \
	STEP(t + 2, word(t + 2)); \
	STEP(t + 3, word(t + 3))
#define STEPS_16(t, word)     \
	STEPS_4(t, word);     \
	STEPS_4(t + 4, word); \
	STEPS_4(t + 8, word); \
	STEPS_4(t + 12, word)

/* FIPS 180-4, 6.2.2: hash is what it was and becomes what it is after the message block w. */
INLINE void compress(vec hash[8], vec w[16])
{
	vec s[8];

	memcpy(s, hash, sizeof(s));
#define GIVEN(t) w[(t) % 16]
#define MADE(t)  NEXT_WORD(w, t)
	STEPS_16(0, GIVEN);
	STEPS_16(16, MADE);
	STEPS_16(32, MADE);
	STEPS_16(48, MADE);
#undef GIVEN
#undef MADE
	UNROLLED
	for (size_t i = 0; i < 8; i++)
		hash[i] += s[i];
}

/* The count stands little-endian in the message; 20 bits of it. */
INLINE vec as_big_endian(vec x)
{
	return x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24;
}

TARGET void NAME(struct stretch_lanes *lanes, uint32_t rounds)
{
	vec hash[8], w[16], count = load(lanes->count);

	UNROLLED
	for (size_t i = 0; i < 8; i++)
		hash[i] = load(lanes->last[i]);
	for (; rounds > 0; rounds--, count += 1) {
		/* First block: last hash, first hash. */
		UNROLLED
		for (size_t i = 0; i < 8; i++) {
			w[i] = hash[i];
			w[8 + i] = load(lanes->initial[i]);
			hash[i] = (vec){0} + start_hash[i];
		}
		compress(hash, w);
		/* Second block: salt, count (8 bytes), padding, length in bits. */
		UNROLLED
		for (size_t i = 0; i < 16; i++)
			w[i] = i < 4 ? load(lanes->salt[i]) : (vec){0};
		w[4] = as_big_endian(count);
		w[6] += 0x80000000;
		w[15] += 8 * sizeof(struct stretch_state);
		compress(hash, w);
	}
	UNROLLED
	for (size_t i = 0; i < 8; i++)
		store(lanes->last[i], hash[i]);
	store(lanes->count, count);
}
