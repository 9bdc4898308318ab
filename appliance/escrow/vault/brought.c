/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/brought.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PLACES 1024

/* Open addressing, at most half full. Hashes of our own keys: nobody can choose them, so two that
 * agree in 64 bits are rarer than a broken disk. */
struct vault_brought {
	size_t count, places; /* places: a power of two, or 0 */
	uint64_t *hashes;     /* 0: free */
};

struct vault_brought *vault_brought_new(void)
{
	return calloc(1, sizeof(struct vault_brought));
}

void vault_brought_free(struct vault_brought *b)
{
	if (!b)
		return;
	free(b->hashes);
	free(b);
}

static uint64_t number_of(const uint8_t *hash)
{
	uint64_t number;

	memcpy(&number, hash, sizeof(number));
	return number ? number : 1;
}

/* Where number is, or would be. */
static size_t place_of(const struct vault_brought *b, uint64_t number)
{
	size_t at = number & (b->places - 1);

	while (b->hashes[at] && b->hashes[at] != number)
		at = (at + 1) & (b->places - 1);
	return at;
}

static int grow(struct vault_brought *b)
{
	struct vault_brought larger = {
	        .count = b->count, .places = b->places ? 2 * b->places : FIRST_PLACES};

	larger.hashes = calloc(larger.places, sizeof(*larger.hashes));
	if (!larger.hashes)
		return -ENOMEM;
	for (size_t i = 0; i < b->places; i++)
		if (b->hashes[i])
			larger.hashes[place_of(&larger, b->hashes[i])] = b->hashes[i];
	free(b->hashes);
	*b = larger;
	return 0;
}

bool brought_has(const struct vault_brought *b, const uint8_t *hash)
{
	return b->places > 0 && b->hashes[place_of(b, number_of(hash))] != 0;
}

int brought_put(struct vault_brought *b, const uint8_t *hash)
{
	uint64_t number = number_of(hash);

	if (2 * (b->count + 1) > b->places && grow(b) < 0)
		return -ENOMEM;
	size_t at = place_of(b, number);
	b->count += b->hashes[at] == 0;
	b->hashes[at] = number;
	return 0;
}
