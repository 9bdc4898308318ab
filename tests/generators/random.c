/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/random.h"
#include "fixer/base/bytes.h"

#include <sodium.h>
#include <string.h>

void gen_random_init(struct gen_random *r, uint64_t seed, const char *label)
{
	crypto_hash_sha256_state state;
	uint8_t number[8];

	put_le64(number, seed);
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, number, sizeof(number));
	crypto_hash_sha256_update(&state, (const uint8_t *)label, strlen(label));
	crypto_hash_sha256_final(&state, r->key);
	r->calls = 0;
}

void gen_random_bytes(struct gen_random *r, void *out, size_t len)
{
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	put_le64(nonce, r->calls++);
	(void)crypto_stream_chacha20(out, len, nonce, r->key); /* cannot fail */
}

uint32_t gen_random_below(struct gen_random *r, uint32_t limit)
{
	uint8_t bytes[8];

	gen_random_bytes(r, bytes, sizeof(bytes));
	return (uint32_t)(get_le64(bytes) % limit);
}

struct guid gen_random_guid(struct gen_random *r)
{
	struct guid g;

	gen_random_bytes(r, g.bytes, sizeof(g.bytes));
	g.bytes[7] = (uint8_t)(0x40 | (g.bytes[7] & 0x0f));
	g.bytes[8] = (uint8_t)(0x80 | (g.bytes[8] & 0x3f));
	return g;
}
