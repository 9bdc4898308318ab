/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sector ciphers of BitLocker; only bitlocker/ includes it. */
#ifndef BITLOCKER_CIPHER_H
#define BITLOCKER_CIPHER_H

#include "fixer/base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sector_cipher;

/* Bytes of FVEK a method needs; 0 when the method is not known. */
size_t sector_cipher_key_len(uint16_t method);

/* Keyed for one volume; fvek is not needed afterwards. -ENOTSUP unknown method, -EINVAL wrong key
 * length, -EIO when libcrypto refuses the key, -ENOMEM. */
int sector_cipher_new(uint16_t method, uint32_t sector_size, const struct secret *fvek,
        struct sector_cipher **ret);
void sector_cipher_free(struct sector_cipher *c); /* NULL is fine */

/* In place, whole sectors; position is where the first one lies on the encrypted volume, in bytes,
 * and a multiple of the sector size. -EIO when libcrypto fails. */
int sector_cipher_decrypt(struct sector_cipher *c, uint64_t position, uint8_t *data, size_t len);
int sector_cipher_encrypt(struct sector_cipher *c, uint64_t position, uint8_t *data, size_t len);

/* The Elephant diffuser of Windows 7 over one sector, in place; key has 32 bytes. From Niels
 * Ferguson, "AES-CBC + Elephant diffuser", Microsoft 2006. */
void diffuser_decrypt(uint8_t *sector, size_t sector_size, const uint8_t key[32]);
void diffuser_encrypt(uint8_t *sector, size_t sector_size, const uint8_t key[32]);

#endif
