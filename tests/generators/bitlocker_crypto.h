/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BitLocker's cryptography in the encrypting direction, on OpenSSL. Written apart from the fixer's,
 * so that neither can hide a mistake of the other. Keys of test disks are no secrets: plain memory.
 * All: 0, or -EIO when OpenSSL refuses.
 */
#ifndef GENERATORS_BITLOCKER_CRYPTO_H
#define GENERATORS_BITLOCKER_CRYPTO_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#define FVE_KEY_LEN   32
#define FVE_NONCE_LEN 12
#define FVE_MAC_LEN   16

/* The key a 16 byte recovery key is stretched to: 0x100000 rounds of SHA-256 over
 * {last hash, SHA-256 of the key, salt, u64 counter}. */
int fve_stretch(const uint8_t key[16], const uint8_t salt[16], uint8_t out[FVE_KEY_LEN]);

/* AES-256-CCM without additional data: out gets the MAC, then len bytes of ciphertext. */
int fve_seal(const uint8_t key[FVE_KEY_LEN], const uint8_t nonce[FVE_NONCE_LEN], const void *data,
        size_t len, uint8_t *out);

/* Encrypts len bytes (whole sectors) in place as they lie at byte offset of the volume. ctx is from
 * fve_sectors_new(). */
int fve_encrypt_sectors(
        EVP_CIPHER_CTX *ctx, uint32_t sector_size, uint64_t offset, uint8_t *data, size_t len);
/* AES-XTS-128 under 32 bytes of key. NULL without memory. */
EVP_CIPHER_CTX *fve_sectors_new(const uint8_t *key);

#endif
