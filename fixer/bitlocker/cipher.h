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

/* Keyed for one volume; sector_size is 512 or 4096, fvek is not needed afterwards. -ENOTSUP unknown
 * method, -EINVAL wrong key length or an XTS key of two equal halves, -EIO when libcrypto refuses
 * the key, -ENOMEM. */
int sector_cipher_new(uint16_t method, uint32_t sector_size, const struct secret *fvek,
        struct sector_cipher **ret);
void sector_cipher_free(struct sector_cipher *c); /* NULL is fine */

/* The same by libcrypto alone, as on a processor without AES instructions. */
int sector_cipher_new_portable(uint16_t method, uint32_t sector_size, const struct secret *fvek,
        struct sector_cipher **ret);

/* In place, whole sectors; position is where the first one lies on the encrypted volume, in bytes,
 * and a multiple of the sector size. -EIO when libcrypto fails. */
int sector_cipher_decrypt(struct sector_cipher *c, uint64_t position, uint8_t *data, size_t len);
int sector_cipher_encrypt(struct sector_cipher *c, uint64_t position, uint8_t *data, size_t len);

/* --- parts of it ----------------------------------------------------------------------------- */

#define SECTOR_KEY_LEN 32

/* The Elephant diffuser of Windows 7 over count sectors that follow each other, in place, each with
 * its own key. From Niels Ferguson, "AES-CBC + Elephant diffuser", Microsoft 2006. */
void diffuser_decrypt(
        uint8_t *data, size_t sector_size, size_t count, const uint8_t keys[][SECTOR_KEY_LEN]);
void diffuser_encrypt(
        uint8_t *data, size_t sector_size, size_t count, const uint8_t keys[][SECTOR_KEY_LEN]);

/* AES-XTS by the processor's own instructions. Whether this processor has them: */
bool xts_aesni_usable(void);

/* The expanded keys; the caller keeps them in a struct secret. */
struct xts_aesni {
	uint32_t rounds, encrypt[60], decrypt[60], tweak[60];
};

/* key: the AES key, then the tweak key; 32 or 64 bytes together. */
void xts_aesni_expand(struct xts_aesni *x, const uint8_t *key, size_t len);

/* In place; len is a multiple of sector_size, that one of 128, number that of the first sector. */
void xts_aesni_decrypt(
        const struct xts_aesni *x, uint64_t number, uint8_t *data, size_t len, size_t sector_size);
void xts_aesni_encrypt(
        const struct xts_aesni *x, uint64_t number, uint8_t *data, size_t len, size_t sector_size);

#endif
