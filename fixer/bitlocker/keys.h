/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening what is sealed with AES-256-CCM; only bitlocker/ includes it. */
#ifndef BITLOCKER_KEYS_H
#define BITLOCKER_KEYS_H

#include "fixer/bitlocker/metadata.h"

#define SEALED_OVERHEAD (12 + 16) /* nonce, MAC */

/* Opens nonce, MAC and ciphertext of len bytes with a 32 byte key. The plaintext has
 * len - SEALED_OVERHEAD bytes. -EKEYREJECTED when the MAC does not fit; -EBADMSG too short. */
int ccm_open(const uint8_t *sealed, size_t len, const uint8_t key[BITLOCKER_KEY_LEN],
        struct secret **ret_plain);

/* The key in a datum {u16 size, u16 role, u16 type 1, u16, u16 method, u16 flags, key}; key_len
 * bytes are expected. method must fit unless it is 0. -EBADMSG. */
int key_datum_take(
        const struct secret *datum, uint16_t method, size_t key_len, struct secret **ret_key);

#endif
