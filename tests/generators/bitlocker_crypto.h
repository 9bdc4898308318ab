/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BitLocker's cryptography in the encrypting direction, on OpenSSL. Written apart from the fixer's,
 * so that neither can hide a mistake of the other. Keys of test disks are no secrets: plain memory.
 * All: 0, or -EIO when OpenSSL refuses.
 */
#ifndef GENERATORS_BITLOCKER_CRYPTO_H
#define GENERATORS_BITLOCKER_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#define FVE_KEY_LEN   32
#define FVE_NONCE_LEN 12
#define FVE_MAC_LEN   16

/* What a secret is stretched to: 0x100000 rounds of SHA-256 over {last hash, SHA-256 of the secret,
 * salt, u64 counter}. The secret is the 16 bytes of a recovery password, or the SHA-256 of a
 * passphrase in UTF-16LE. Kept in the folder that NETMEND_TEST_STRETCHED names, if it does: the
 * tests stretch the same few secrets again and again. */
int fve_stretch(const void *secret, size_t len, const uint8_t salt[16], uint8_t out[FVE_KEY_LEN]);

/* AES-256-CCM without additional data: out gets the MAC, then len bytes of ciphertext. */
int fve_seal(const uint8_t key[FVE_KEY_LEN], const uint8_t nonce[FVE_NONCE_LEN], const void *data,
        size_t len, uint8_t *out);

/* --- sectors --------------------------------------------------------------------------------- */

#define FVE_MAX_FVEK 64

enum fve_mode { FVE_XTS, FVE_CBC, FVE_CBC_DIFFUSER };

struct fve_method {
	uint16_t id; /* as the metadata names it: 0x8000 to 0x8005 */
	const char *name;
	enum fve_mode mode;
	unsigned aes_len;  /* bytes of one AES key: 16 or 32 */
	unsigned fvek_len; /* bytes of key in the metadata */
};

/* NULL when there is none. */
const struct fve_method *fve_method_by_id(uint16_t id);
const struct fve_method *fve_method_by_name(const char *name);

/* Encrypts sectors of one volume. */
struct fve_cipher;
int fve_cipher_new(const struct fve_method *method, uint32_t sector_size, const uint8_t *fvek,
        struct fve_cipher **ret);
void fve_cipher_free(struct fve_cipher *c); /* NULL is fine */
/* len bytes (whole sectors) in place, as they lie at byte offset of the volume. */
int fve_cipher_encrypt(struct fve_cipher *c, uint64_t offset, uint8_t *data, size_t len);

#endif
