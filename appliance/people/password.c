/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/people/password.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define PASSES 2
#define MEMORY ((size_t)19 * 1024 * 1024)

_Static_assert(PASSWORD_HASH_TEXT == crypto_pwhash_STRBYTES, "as libsodium writes it");

/* Salt and hash were drawn at random. */
const char password_nobody[PASSWORD_HASH_TEXT] =
        "$argon2id$v=19$m=19456,t=2,p=1$6I6ram+vUlrTrdBGNbw4bg"
        "$O/9OfdVC/8Um2nnYRdDAKbeyUO84u4Psk1OeIAhV1RI";

int password_judge(const char *password)
{
	size_t characters = 0;

	if (strlen(password) > NM_MAX_PASSPHRASE)
		return -EMSGSIZE;
	while (*password) {
		size_t n = utf8_char(password, NULL);
		if (n == 0)
			return -EINVAL;
		password += n;
		characters++;
	}
	return characters < NM_PASSWORD_MIN ? -EINVAL : 0;
}

int password_hash(const struct secret *password, char ret[PASSWORD_HASH_TEXT])
{
	if (crypto_pwhash_str_alg(ret, (const char *)password->data, password->len, PASSES, MEMORY,
	            crypto_pwhash_ALG_ARGON2ID13) < 0)
		return -ENOMEM;
	return 0;
}

int password_check(const char *hash, const struct secret *password)
{
	errno = 0;
	if (crypto_pwhash_str_verify(hash, (const char *)password->data, password->len) == 0)
		return 0;
	return errno == ENOMEM ? -ENOMEM : -EACCES;
}
