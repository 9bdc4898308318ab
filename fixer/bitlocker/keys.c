/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key chain: stretched, startup or clear key opens the VMK, the VMK opens the rest. */
#include "fixer/bitlocker/keys.h"

#include <errno.h>
#include <openssl/evp.h>

#define CCM_NONCE        12
#define CCM_MAC          16
#define KEY_DATUM_HEADER 12
#define KEY_DATUM_TYPE   1

static int ccm_decrypt(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *ccm, const uint8_t *sealed,
        size_t len, const uint8_t *key, uint8_t *plain)
{
	uint8_t mac[CCM_MAC];
	int n = 0;

	for (size_t i = 0; i < CCM_MAC; i++)
		mac[i] = sealed[CCM_NONCE + i];
	if (EVP_DecryptInit_ex2(ctx, ccm, NULL, NULL, NULL) != 1 ||
	        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, CCM_NONCE, NULL) != 1 ||
	        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CCM_MAC, mac) != 1 ||
	        EVP_DecryptInit_ex2(ctx, NULL, key, sealed, NULL) != 1)
		return -EIO;
	/* CCM gives nothing before the MAC was right. */
	if (EVP_DecryptUpdate(
	            ctx, plain, &n, sealed + SEALED_OVERHEAD, (int)(len - SEALED_OVERHEAD)) != 1)
		return -EKEYREJECTED;
	return 0;
}

int ccm_open(const uint8_t *sealed, size_t len, const uint8_t key[BITLOCKER_KEY_LEN],
        struct secret **ret_plain)
{
	if (len <= SEALED_OVERHEAD || len > METADATA_AREA)
		return -EBADMSG;
	CLEANUP_SECRET struct secret *plain = secret_new(len - SEALED_OVERHEAD);
	EVP_CIPHER *ccm = EVP_CIPHER_fetch(NULL, "AES-256-CCM", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int r = plain && ccm && ctx ? ccm_decrypt(ctx, ccm, sealed, len, key, plain->data)
	                            : -ENOMEM;

	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(ccm);
	if (r < 0)
		return r;
	*ret_plain = plain;
	plain = NULL;
	return 0;
}

int key_datum_take(
        const struct secret *datum, uint16_t method, size_t key_len, struct secret **ret_key)
{
	struct cursor c = cursor_over(datum->data, datum->len);
	uint16_t size = cursor_le16(&c);

	(void)cursor_skip(&c, 2); /* role */
	uint16_t type = cursor_le16(&c);
	(void)cursor_skip(&c, 2); /* version */
	uint16_t stated = cursor_le16(&c);
	(void)cursor_skip(&c, 2); /* flags */
	if (c.failed || size != datum->len || size != KEY_DATUM_HEADER + key_len ||
	        type != KEY_DATUM_TYPE || (method != 0 && stated != method))
		return -EBADMSG;
	struct secret *key = secret_copy(c.at, key_len);
	if (!key)
		return -ENOMEM;
	*ret_key = key;
	return 0;
}

static int vmk_open(const struct bitlocker_blob *blob, const uint8_t key[BITLOCKER_KEY_LEN],
        struct secret **ret_vmk)
{
	CLEANUP_SECRET struct secret *datum = NULL;
	int r = ccm_open(blob->sealed, sizeof(blob->sealed), key, &datum);

	return r < 0 ? r : key_datum_take(datum, 0, BITLOCKER_KEY_LEN, ret_vmk);
}

int bitlocker_blob_open(
        const struct bitlocker_blob *blob, const struct secret *stretched, struct secret **ret_vmk)
{
	if (stretched->len != BITLOCKER_KEY_LEN)
		return -EINVAL;
	return vmk_open(blob, stretched->data, ret_vmk);
}

int bitlocker_protector_open(
        const struct bitlocker_protector *p, const struct secret *key, struct secret **ret_vmk)
{
	CLEANUP_SECRET struct secret *stretched = NULL;

	if (p->kind == PROTECTOR_STARTUP_KEY)
		return bitlocker_blob_open(&p->blob, key, ret_vmk);
	int r = bitlocker_stretch(key, p->blob.salt, &stretched);
	return r < 0 ? r : bitlocker_blob_open(&p->blob, stretched, ret_vmk);
}

int bitlocker_clear_key(const struct bitlocker *b, struct secret **ret_vmk, struct error *err)
{
	if (!b->info.suspended)
		return error_set(err, -ENOENT, REASON_BITLOCKER_WRONG_KEY,
		        "the volume has no clear key: protection is not suspended");
	int r = vmk_open(&b->clear_blob, b->clear_key, ret_vmk);
	if (r == -EKEYREJECTED || r == -EBADMSG)
		return error_set(err, r, REASON_BITLOCKER_METADATA_BAD,
		        "the clear key on the volume does not open its master key");
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "opening the clear key: error %d", -r);
	return 0;
}
