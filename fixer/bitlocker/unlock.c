/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the VMK to an open volume, and whether that volume may be written. */
#include "fixer/bitlocker/keys.h"
#include "fixer/bitlocker/volume.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

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

/* What the answer of a check of the SHA-256 means to people. */
static int digest_verdict(int r, struct error *err)
{
	if (r == -EKEYREJECTED || r == -EBADMSG)
		return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
		        "the metadata does not carry the seal of this volume's key");
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "checking metadata: error %d", -r);
	return 0;
}

/* The metadata was written by somebody who had the VMK. */
static int check_sealed_digest(
        const struct bitlocker *b, const struct secret *vmk, struct error *err)
{
	CLEANUP_SECRET struct secret *datum = NULL, *digest = NULL;
	int r = ccm_open(b->validation, sizeof(b->validation), vmk->data, &datum);

	if (r == 0)
		r = key_datum_take(datum, DIGEST_METHOD, sizeof(b->digest), &digest);
	if (r == 0 && CRYPTO_memcmp(digest->data, b->digest, sizeof(b->digest)) != 0)
		r = -EBADMSG;
	return digest_verdict(r, err);
}

/* A decrypted volume has no key to seal with: the SHA-256 stands in the clear. */
static bool plain_digest_is_right(const struct bitlocker *b)
{
	return b->has_plain_digest && memcmp(b->plain_digest, b->digest, sizeof(b->digest)) == 0;
}

static int check_supported(const struct bitlocker *b, struct error *err)
{
	const struct bitlocker_info *info = &b->info;

	if (!state_is_known(info->current_state))
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_STATE,
		        "the volume is in the unknown state %u", info->current_state);
	if (info->map_damaged)
		return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
		        "the encrypt-on-write map, which says what is encrypted, is damaged");
	if (info->needs_key && sector_cipher_key_len(info->method) == 0)
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_METHOD,
		        "the volume uses the unknown encryption method 0x%04x", info->method);
	return 0;
}

static int open_cipher(const struct bitlocker *b, const struct secret *vmk,
        struct sector_cipher **ret, struct error *err)
{
	CLEANUP_SECRET struct secret *fvek = NULL;

	if (!vmk)
		return error_set(
		        err, -ENOKEY, REASON_KEY_NEEDED, "the volume does not open without a key");
	int r = fvek_open(b, vmk, &fvek, err);
	if (r == 0)
		r = check_sealed_digest(b, vmk, err);
	if (r < 0)
		return r;
	r = sector_cipher_new(b->info.method, b->info.sector_size, fvek, ret);
	if (r < 0)
		return error_set(err, r, r == -ENOMEM ? REASON_OUT_OF_MEMORY : REASON_INTERNAL,
		        "setting up the cipher: error %d", -r);
	return 0;
}

/* In state 1 there is nothing to decipher. A seal can be checked only when there is a key. */
static int open_decrypted(const struct bitlocker *b, const struct secret *vmk, struct error *err)
{
	if (b->has_plain_digest)
		return digest_verdict(plain_digest_is_right(b) ? 0 : -EBADMSG, err);
	return vmk ? check_sealed_digest(b, vmk, err) : 0;
}

int bitlocker_open(struct block_device *dev, const struct bitlocker *b, const struct secret *vmk,
        struct block_device **ret, struct error *err)
{
	struct sector_cipher *cipher = NULL;

	if ((vmk && vmk->len != BITLOCKER_KEY_LEN) || dev->size != b->info.volume_size)
		return error_set(err, -EINVAL, REASON_INTERNAL, "a key or device of another size");
	int r = check_supported(b, err);
	if (r == 0)
		r = b->info.needs_key ? open_cipher(b, vmk, &cipher, err)
		                      : open_decrypted(b, vmk, err);
	if (r == 0) {
		bool writable = dev->writable && bitlocker_write_refusal(b, NULL) == 0;
		r = volume_new(dev, b, cipher, writable, ret);
		if (r < 0)
			(void)error_set(err, r, REASON_OUT_OF_MEMORY, "opening the volume");
	}
	if (r < 0) {
		sector_cipher_free(cipher);
		error_prefix(err, "%s", dev->name);
	}
	return r;
}

/* A volume that was shrunk against its metadata loses copies. */
static unsigned copies_outside(const struct bitlocker_info *info)
{
	unsigned n = 0;

	for (size_t i = 0; i < 3; i++)
		n += !range_within(info->metadata_offset[i], METADATA_AREA, info->volume_size);
	return n;
}

int bitlocker_write_refusal(const struct bitlocker *b, struct error *err)
{
	const struct bitlocker_info *info = &b->info;

	if (!state_is_known(info->current_state))
		return error_set(err, -EROFS, REASON_BITLOCKER_STATE,
		        "the volume is in the unknown state %u", info->current_state);
	if (info->encrypt_on_write)
		return error_set(err, -EROFS, REASON_BITLOCKER_CONVERTING,
		        "Windows has not finished %s this volume (encrypt-on-write)",
		        info->needs_key ? "encrypting or decrypting" : "decrypting");
	if (info->converting)
		return error_set(err, -EROFS, REASON_BITLOCKER_CONVERTING,
		        "Windows is still encrypting or decrypting this volume (state %u, next %u)",
		        info->current_state, info->next_state);
	if (copies_outside(info) > 0)
		return error_set(err, -EROFS, REASON_BITLOCKER_COPIES_DIFFER,
		        "%u of the 3 metadata copies lie beyond the end of the volume: it was cut "
		        "off or shrunk",
		        copies_outside(info));
	if (info->good_copies != 3)
		return error_set(err, -EROFS, REASON_BITLOCKER_COPIES_DIFFER,
		        "only %u of the 3 metadata copies are intact", info->good_copies);
	if (!info->copies_agree)
		return error_set(err, -EROFS, REASON_BITLOCKER_COPIES_DIFFER,
		        "the 3 metadata copies are intact, but not the same");
	if (!info->needs_key && !plain_digest_is_right(b))
		return error_set(err, -EROFS, REASON_BITLOCKER_STATE,
		        "the volume is decrypted, but nothing vouches for its BitLocker metadata");
	return 0;
}
