/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libcrypto must be told the number of each sector, and the telling takes longer than encrypting
 * 512 bytes. Here a sector's number is a parameter, and eight blocks are always under way at once,
 * as the AES instructions need it. No table, no branch and no index depends on a key or on data.
 *
 * AES: FIPS 197. XTS: IEEE 1619; block j of a sector has the tweak E(tweak key, number) * x^j.
 */
#include "fixer/bitlocker/cipher.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <string.h>

#define WIDE  8 /* blocks under way */
#define BLOCK 16

#define AESNI  __attribute__((target("aes,avx")))
#define INLINE static inline __attribute__((always_inline))

bool xts_aesni_usable(void)
{
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("avx");
}

/* The S-box over each byte. The instruction also shifts rows, which equal columns do not show. */
AESNI static uint32_t substitute(uint32_t word)
{
	__m128i columns = _mm_set1_epi32((int)word);

	return (uint32_t)_mm_cvtsi128_si32(_mm_aesenclast_si128(columns, _mm_setzero_si128()));
}

/* FIPS 197, 5.2; words are little-endian here, so its rotation to the left is one to the right. */
AESNI static void expand(uint32_t *w, const uint8_t *key, uint32_t key_words, uint32_t rounds)
{
	uint32_t constant = 1;

	memcpy(w, key, (size_t)4 * key_words);
	for (uint32_t i = key_words; i < 4 * (rounds + 1); i++) {
		uint32_t word = w[i - 1];
		if (i % key_words == 0) {
			word = substitute(word >> 8 | word << 24) ^ constant;
			constant = constant << 1 ^ (constant >> 7) * 0x11b;
		} else if (key_words == 8 && i % 8 == 4) {
			word = substitute(word);
		}
		w[i] = w[i - key_words] ^ word;
	}
}

INLINE AESNI __m128i round_key(const uint32_t *keys, uint32_t round)
{
	return _mm_loadu_si128((const __m128i *)(keys + 4 * round));
}

/* FIPS 197, 5.3.5: the keys in reverse order, those between first and last with mixed columns. */
AESNI static void reverse(uint32_t *to, const uint32_t *from, uint32_t rounds)
{
	for (uint32_t i = 0; i <= rounds; i++) {
		__m128i key = round_key(from, rounds - i);
		if (i > 0 && i < rounds)
			key = _mm_aesimc_si128(key);
		_mm_storeu_si128((__m128i *)(to + 4 * i), key);
	}
}

void xts_aesni_expand(struct xts_aesni *x, const uint8_t *key, size_t len)
{
	uint32_t key_words = (uint32_t)(len / 2 / 4);

	x->rounds = key_words + 6;
	expand(x->encrypt, key, key_words, x->rounds);
	expand(x->tweak, key + len / 2, key_words, x->rounds);
	reverse(x->decrypt, x->encrypt, x->rounds);
}

/* One round of all blocks. */
INLINE AESNI void one_round(__m128i *b, __m128i key, bool last, bool encrypt)
{
#pragma GCC unroll 8
	for (int i = 0; i < WIDE; i++) {
		if (encrypt)
			b[i] = last ? _mm_aesenclast_si128(b[i], key) : _mm_aesenc_si128(b[i], key);
		else
			b[i] = last ? _mm_aesdeclast_si128(b[i], key) : _mm_aesdec_si128(b[i], key);
	}
}

/* A tweak times x: the bit that leaves a half goes to the other one, from the top as 0x87. */
INLINE AESNI __m128i next_tweak(__m128i tweak)
{
	__m128i signs = _mm_shuffle_epi32(_mm_srai_epi32(tweak, 31), _MM_SHUFFLE(0, 1, 0, 3));

	return _mm_add_epi64(tweak, tweak) ^ (signs & _mm_set_epi32(0, 1, 0, 0x87));
}

/* The tweaks of the first blocks of WIDE sectors. */
INLINE AESNI void first_tweaks(
        __m128i *tweaks, const struct xts_aesni *x, uint64_t number, uint32_t rounds)
{
	for (uint32_t i = 0; i < WIDE; i++)
		tweaks[i] = _mm_set_epi64x(0, (long long)(number + i)) ^ round_key(x->tweak, 0);
	for (uint32_t r = 1; r < rounds; r++)
		one_round(tweaks, round_key(x->tweak, r), false, true);
	one_round(tweaks, round_key(x->tweak, rounds), true, true);
}

/* Wiped when the work is done. */
struct tweaks {
	__m128i first[WIDE];     /* of sectors */
	__m128i blocks[2][WIDE]; /* of the blocks under way and of the next ones, in turn */
};

/* The tweaks of the next WIDE blocks are made between the rounds of these, where they cost nothing;
 * that takes as many rounds as there are blocks. */
INLINE AESNI void one_sector(const uint32_t *keys, struct tweaks *t, __m128i tweak, uint8_t *data,
        size_t sector_size, uint32_t rounds, bool encrypt)
{
	__m128i *now = t->blocks[0], *next = t->blocks[1], b[WIDE];

#pragma GCC unroll 8
	for (int i = 0; i < WIDE; i++, tweak = next_tweak(tweak))
		now[i] = tweak;
	for (uint8_t *end = data + sector_size; data < end; data += (size_t)WIDE * BLOCK) {
		__m128i *blocks = (__m128i *)data;
#pragma GCC unroll 8
		for (int i = 0; i < WIDE; i++)
			b[i] = _mm_loadu_si128(blocks + i) ^ now[i] ^ round_key(keys, 0);
#pragma GCC unroll 16
		for (uint32_t r = 1; r < rounds; r++) {
			one_round(b, round_key(keys, r), false, encrypt);
			if (r > WIDE)
				continue;
			next[r - 1] = tweak;
			tweak = next_tweak(tweak);
		}
		one_round(b, round_key(keys, rounds), true, encrypt);
#pragma GCC unroll 8
		for (int i = 0; i < WIDE; i++)
			_mm_storeu_si128(blocks + i, b[i] ^ now[i]);
		__m128i *used = now;
		now = next;
		next = used;
	}
}

/* encrypt and rounds are constants where this is called: one loop is compiled for each. */
INLINE AESNI void run(const struct xts_aesni *x, uint64_t number, uint8_t *data, size_t len,
        size_t sector_size, uint32_t rounds, bool encrypt)
{
	const uint32_t *keys = encrypt ? x->encrypt : x->decrypt;
	struct tweaks t;

	for (size_t i = 0; i < len / sector_size; i++) {
		if (i % WIDE == 0)
			first_tweaks(t.first, x, number + i, rounds);
		one_sector(keys, &t, t.first[i % WIDE], data + i * sector_size, sector_size, rounds,
		        encrypt);
	}
	secret_wipe(&t, sizeof(t));
}

AESNI void xts_aesni_decrypt(
        const struct xts_aesni *x, uint64_t number, uint8_t *data, size_t len, size_t sector_size)
{
	if (x->rounds == 10)
		run(x, number, data, len, sector_size, 10, false);
	else
		run(x, number, data, len, sector_size, 14, false);
}

AESNI void xts_aesni_encrypt(
        const struct xts_aesni *x, uint64_t number, uint8_t *data, size_t len, size_t sector_size)
{
	if (x->rounds == 10)
		run(x, number, data, len, sector_size, 10, true);
	else
		run(x, number, data, len, sector_size, 14, true);
}

#else /* another processor: never called but for the first */

bool xts_aesni_usable(void)
{
	return false;
}

void xts_aesni_expand(struct xts_aesni *x, const uint8_t *key, size_t len)
{
	(void)x, (void)key, (void)len;
}

void xts_aesni_decrypt(
        const struct xts_aesni *x, uint64_t number, uint8_t *data, size_t len, size_t sector_size)
{
	(void)x, (void)number, (void)data, (void)len, (void)sector_size;
}

void xts_aesni_encrypt(
        const struct xts_aesni *x, uint64_t number, uint8_t *data, size_t len, size_t sector_size)
{
	(void)x, (void)number, (void)data, (void)len, (void)sector_size;
}

#endif
