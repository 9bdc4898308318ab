/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the VMK to an open volume, and whether that volume may be written. */
#include "fixer/bitlocker/keys.h"
#include "fixer/bitlocker/volume.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#define DIGEST_METHOD 0x2005 /* the sealed datum holds a SHA-256, not a key */

/* States in which it is known what is encrypted and what is not. */
static bool state_is_known(uint16_t state)
{
	return state >= FVE_DECRYPTED && state <= FVE_SWITCHING_PAUSED;
}

static int fvek_open(const struct bitlocker *b, const struct secret *vmk, struct secret **ret_fvek,
        struct error *err)
{
	CLEANUP_SECRET struct secret *datum = NULL;
	int r = ccm_open(b->fvek, b->fvek_len, vmk->data, &datum);

	if (r == -EKEYREJECTED)
		return error_set(
		        err, r, REASON_BITLOCKER_WRONG_KEY, "the key does not open this volume");
	if (r == 0)
		r = key_datum_take(
		        datum, b->info.method, sector_cipher_key_len(b->info.method), ret_fvek);
	if (r == -EBADMSG)
		return error_set(err, r, REASON_BITLOCKER_METADATA_BAD,
		        "the volume's encryption key is missing or not as its method wants it");
	if (r < 0)
		return error_set(
		        err, r, REASON_INTERNAL, "opening the encryption key: error %d", -r);
	return 0;
}

/* The metadata was written by somebody who had the VMK. */
static int check_digest(const struct bitlocker *b, const struct secret *vmk, struct error *err)
{
	CLEANUP_SECRET struct secret *datum = NULL, *digest = NULL;
	int r = ccm_open(b->validation, sizeof(b->validation), vmk->data, &datum);

	if (r == 0)
		r = key_datum_take(datum, DIGEST_METHOD, sizeof(b->digest), &digest);
	if (r == 0 && CRYPTO_memcmp(digest->data, b->digest, sizeof(b->digest)) != 0)
		r = -EBADMSG;
	if (r == -EKEYREJECTED || r == -EBADMSG)
		return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
		        "the metadata does not carry the seal of this volume's key");
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "checking metadata: error %d", -r);
	return 0;
}

static int check_supported(const struct bitlocker *b, struct error *err)
{
	const struct bitlocker_info *info = &b->info;

	if (b->encrypt_on_write)
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_CONVERTING,
		        "Windows is still encrypting or decrypting this volume");
	if (!state_is_known(info->current_state))
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_STATE,
		        "the volume is in the unknown state %u", info->current_state);
	if (sector_cipher_key_len(info->method) == 0)
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_METHOD,
		        "the volume uses the unknown encryption method 0x%04x", info->method);
	return 0;
}

int bitlocker_open(struct block_device *dev, const struct bitlocker *b, const struct secret *vmk,
        struct block_device **ret, struct error *err)
{
	CLEANUP_SECRET struct secret *fvek = NULL;
	struct sector_cipher *cipher = NULL;

	if (vmk->len != BITLOCKER_KEY_LEN || dev->size != b->info.volume_size)
		return error_set(err, -EINVAL, REASON_INTERNAL, "a key or device of another size");
	int r = check_supported(b, err);
	if (r == 0)
		r = fvek_open(b, vmk, &fvek, err);
	if (r == 0)
		r = check_digest(b, vmk, err);
	if (r < 0) {
		error_prefix(err, "%s", dev->name);
		return r;
	}
	r = sector_cipher_new(b->info.method, b->info.sector_size, fvek, &cipher);
	if (r == 0)
		r = volume_new(dev, b, cipher,
		        dev->writable && bitlocker_write_refusal(b, NULL) == 0, ret);
	if (r < 0) {
		sector_cipher_free(cipher);
		return error_set(err, r, r == -ENOMEM ? REASON_OUT_OF_MEMORY : REASON_INTERNAL,
		        "%s: setting up the cipher: error %d", dev->name, -r);
	}
	return 0;
}

int bitlocker_write_refusal(const struct bitlocker *b, struct error *err)
{
	const struct bitlocker_info *info = &b->info;

	if (!state_is_known(info->current_state))
		return error_set(err, -EROFS, REASON_BITLOCKER_STATE,
		        "the volume is in the unknown state %u", info->current_state);
	if (info->converting)
		return error_set(err, -EROFS, REASON_BITLOCKER_CONVERTING,
		        "Windows is still encrypting or decrypting this volume (state %u, next %u)",
		        info->current_state, info->next_state);
	if (info->good_copies != 3)
		return error_set(err, -EROFS, REASON_BITLOCKER_COPIES_DIFFER,
		        "only %u of the 3 metadata copies are intact", info->good_copies);
	if (!info->copies_agree)
		return error_set(err, -EROFS, REASON_BITLOCKER_COPIES_DIFFER,
		        "the 3 metadata copies are intact, but not the same");
	return 0;
}
