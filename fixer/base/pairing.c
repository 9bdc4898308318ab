/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/pairing.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define PASSES     2
#define MEMORY     ((size_t)32 << 20)
#define DIGEST_LEN 16

/* Letters and digits nobody mistakes for another one. */
static const char alphabet[] = "ACDEFGHJKLMNPQRTUVWXY34679";

#define BASE (sizeof(alphabet) - 1)

/* The number in 16 bytes, by long division: every digest has its code, none is preferred. */
static unsigned divide(uint8_t number[DIGEST_LEN])
{
	unsigned rest = 0;

	for (size_t i = 0; i < DIGEST_LEN; i++) {
		rest = rest << 8 | number[i];
		number[i] = (uint8_t)(rest / BASE);
		rest %= BASE;
	}
	return rest;
}

int pairing_code(
        const uint8_t key[32], const char *session, const char *request, char ret[PAIRING_CODE])
{
	uint8_t input[32 + 16], salt[crypto_pwhash_SALTBYTES] = "netmend pairing",
	                        digest[DIGEST_LEN];

	memcpy(input, key, 32);
	if (hex_decode(session, input + 32, 16) < 0 || hex_decode(request, salt, 8) < 0)
		return -EINVAL;
	if (crypto_pwhash(digest, sizeof(digest), (const char *)input, sizeof(input), salt, PASSES,
	            MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < PAIRING_CODE; i++)
		ret[i] = alphabet[divide(digest)];
	ret[PAIRING_CODE - 1] = '\0';
	return 0;
}
