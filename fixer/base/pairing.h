/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The six characters a person compares between a machine's screen and the list of requests. Both
 * ends compute them, from the machine's public key and the request: nobody between them hands them
 * on, so that a key exchanged on the way shows. Slow by design (Argon2id, 32 MiB): six characters
 * are few, and whoever would look for another key with the same code has minutes.
 */
#ifndef BASE_PAIRING_H
#define BASE_PAIRING_H

#include <stdint.h>

#define PAIRING_CODE 7 /* with the NUL */

/* key: the fixer's X25519 key. session: 32 hex digits. request: 16 hex digits, from escrow. Needs
 * sodium_init(). 0, -EINVAL, -ENOMEM. */
int pairing_code(
        const uint8_t key[32], const char *session, const char *request, char ret[PAIRING_CODE]);

#endif
