/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two diffusers without keys of their own mix the sector as little-endian 32 bit words, indices
 * going round; the sector key is XORed over it before (encrypting) or after (decrypting).
 *
 * Each step needs the one before, so one sector keeps a processor waiting most of the time. Sectors
 * do not depend on each other: four are mixed side by side, one in each lane of a vector.
 */
#include "fixer/bitlocker/cipher.h"

#include <endian.h>
#include <string.h>

#define LANES     4
#define MAX_WORDS (4096 / 4)
#define KEY_WORDS (SECTOR_KEY_LEN / 4)
#define A_CYCLES  5
#define B_CYCLES  3

/* The same word of each sector. */
struct word {
	uint32_t lane __attribute__((vector_size(4 * LANES)));
};

/* Where the lanes come from and go to. A lane without a sector of its own has the first one's. */
struct sectors {
	uint8_t *data[LANES];
	const uint8_t *key[LANES];
	size_t words; /* of a sector: a power of two */
};

static struct sectors sectors_at(
        uint8_t *data, size_t sector_size, size_t count, const uint8_t keys[][SECTOR_KEY_LEN])
{
	struct sectors s = {.words = sector_size / 4};

	for (size_t i = 0; i < LANES; i++) {
		size_t sector = i < count ? i : 0;
		s.data[i] = data + sector * sector_size;
		s.key[i] = keys[sector];
	}
	return s;
}

static uint32_t load_word(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

static void load(struct word *w, const struct sectors *s)
{
	for (size_t i = 0; i < s->words; i++)
		for (size_t l = 0; l < LANES; l++)
			w[i].lane[l] = load_word(s->data[l] + 4 * i);
}

static void store(const struct word *w, const struct sectors *s)
{
	for (size_t i = 0; i < s->words; i++)
		for (size_t l = 0; l < LANES; l++) {
			uint32_t value = htole32(w[i].lane[l]);
			memcpy(s->data[l] + 4 * i, &value, sizeof(value));
		}
}

static void xor_keys(struct word *w, const struct sectors *s)
{
	struct word key[KEY_WORDS];

	for (size_t i = 0; i < KEY_WORDS; i++)
		for (size_t l = 0; l < LANES; l++)
			key[i].lane[l] = load_word(s->key[l] + 4 * i);
	for (size_t i = 0; i < s->words; i++)
		w[i].lane ^= key[i % KEY_WORDS].lane;
	secret_wipe(key, sizeof(key));
}

/* What a step adds to a word (decrypting) or takes from it (encrypting). */
static inline struct word term(struct word near, struct word far, int rotation)
{
	if (rotation > 0)
		far.lane = far.lane << rotation | far.lane >> (32 - rotation);
	return (struct word){near.lane ^ far.lane};
}

static inline struct word plus(struct word a, struct word b)
{
	return (struct word){a.lane + b.lane};
}

static inline struct word minus(struct word a, struct word b)
{
	return (struct word){a.lane - b.lane};
}

/*
 * One cycle of each. last is the last index: all bits set, so that & makes indices go round. Where
 * near is a word that was made two steps before, it is kept in even or odd: through memory it would
 * come late.
 */

static void a_decrypt(struct word *w, size_t last)
{
	struct word even = w[last - 1], odd = w[last];

	for (size_t i = 0; i <= last; i += 4) {
		w[i] = even = plus(w[i], term(even, w[(i - 5) & last], 9));
		w[i + 1] = odd = plus(w[i + 1], term(odd, w[(i - 4) & last], 0));
		w[i + 2] = even = plus(w[i + 2], term(even, w[(i - 3) & last], 13));
		w[i + 3] = odd = plus(w[i + 3], term(odd, w[(i - 2) & last], 0));
	}
}

static void b_decrypt(struct word *w, size_t last)
{
	for (size_t i = 0; i <= last; i += 4) {
		w[i] = plus(w[i], term(w[i + 2], w[(i + 5) & last], 0));
		w[i + 1] = plus(w[i + 1], term(w[i + 3], w[(i + 6) & last], 10));
		w[i + 2] = plus(w[i + 2], term(w[(i + 4) & last], w[(i + 7) & last], 0));
		w[i + 3] = plus(w[i + 3], term(w[(i + 5) & last], w[(i + 8) & last], 25));
	}
}

static void a_encrypt(struct word *w, size_t last)
{
	for (size_t i = last - 3; i <= last; i -= 4) {
		w[i + 3] = minus(w[i + 3], term(w[i + 1], w[(i - 2) & last], 0));
		w[i + 2] = minus(w[i + 2], term(w[i], w[(i - 3) & last], 13));
		w[i + 1] = minus(w[i + 1], term(w[(i - 1) & last], w[(i - 4) & last], 0));
		w[i] = minus(w[i], term(w[(i - 2) & last], w[(i - 5) & last], 9));
	}
}

static void b_encrypt(struct word *w, size_t last)
{
	struct word even = w[0], odd = w[1];

	for (size_t i = last - 3; i <= last; i -= 4) {
		w[i + 3] = odd = minus(w[i + 3], term(odd, w[(i + 8) & last], 25));
		w[i + 2] = even = minus(w[i + 2], term(even, w[(i + 7) & last], 0));
		w[i + 1] = odd = minus(w[i + 1], term(odd, w[(i + 6) & last], 10));
		w[i] = even = minus(w[i], term(even, w[(i + 5) & last], 0));
	}
}

void diffuser_decrypt(
        uint8_t *data, size_t sector_size, size_t count, const uint8_t keys[][SECTOR_KEY_LEN])
{
	struct word words[MAX_WORDS];

	for (size_t at = 0; at < count; at += LANES) {
		struct sectors s =
		        sectors_at(data + at * sector_size, sector_size, count - at, keys + at);
		load(words, &s);
		for (int cycle = 0; cycle < B_CYCLES; cycle++)
			b_decrypt(words, s.words - 1);
		for (int cycle = 0; cycle < A_CYCLES; cycle++)
			a_decrypt(words, s.words - 1);
		xor_keys(words, &s);
		store(words, &s);
	}
}

void diffuser_encrypt(
        uint8_t *data, size_t sector_size, size_t count, const uint8_t keys[][SECTOR_KEY_LEN])
{
	struct word words[MAX_WORDS];

	for (size_t at = 0; at < count; at += LANES) {
		struct sectors s =
		        sectors_at(data + at * sector_size, sector_size, count - at, keys + at);
		load(words, &s);
		xor_keys(words, &s);
		for (int cycle = 0; cycle < A_CYCLES; cycle++)
			a_encrypt(words, s.words - 1);
		for (int cycle = 0; cycle < B_CYCLES; cycle++)
			b_encrypt(words, s.words - 1);
		store(words, &s);
	}
}
