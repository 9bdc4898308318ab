/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the boot sector to everything that is known of a volume without a key. */
#include "fixer/bitlocker/metadata.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SEALED_DATUM_LEN 80
#define PLAIN_DATUM_LEN  44

enum datum_type { DATUM_KEY = 1, DATUM_AES_CCM = 5 };

static bool is_converting(const struct bitlocker_info *info)
{
	uint16_t state = info->current_state;

	return info->encrypt_on_write || state != info->next_state ||
	       (state != FVE_ENCRYPTED && state != FVE_DECRYPTED);
}

static void take_header(const struct fve_header *h, struct bitlocker_info *info)
{
	info->version = h->version;
	info->volume_id = h->volume_id;
	info->method = h->method;
	info->current_state = h->current_state;
	info->next_state = h->next_state;
	info->needs_key = h->current_state != FVE_DECRYPTED;
	info->converting = is_converting(info);
	info->encrypted_size = h->state_offset;
	info->header_offset = h->header_offset;
	info->header_sectors = h->header_sectors;
	memcpy(info->metadata_offset, h->own_offset, sizeof(info->metadata_offset));
}

/* The datum of the validation block: the SHA-256 sealed under the VMK, or in the clear when there
 * is nothing encrypted. */
static int take_validation(const struct fve_copy *copy, struct bitlocker *b)
{
	const uint8_t *datum = copy->area + copy->header.len + 8;
	uint16_t size = get_le16(datum), type = get_le16(datum + 4);
	size_t digest_len = sizeof(b->digest);

	if (size == SEALED_DATUM_LEN && type == DATUM_AES_CCM)
		memcpy(b->validation, datum + 8, sizeof(b->validation));
	b->has_plain_digest = size == PLAIN_DATUM_LEN && type == DATUM_KEY &&
	                      get_le16(datum + 8) == DIGEST_METHOD;
	if (b->has_plain_digest)
		memcpy(b->plain_digest, datum + 12, sizeof(b->plain_digest));
	if (EVP_Q_digest(NULL, "SHA256", NULL, copy->area, copy->header.len, b->digest,
	            &digest_len) != 1)
		return -EIO;
	return 0;
}

static int make_map(const struct fve_header *h, struct bitlocker *b, struct error *err)
{
	int r = fve_map_new(&b->info, h->conversion_bytes, &b->map);

	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "reading BitLocker metadata");
	if (r < 0)
		return error_set(err, r, REASON_BITLOCKER_METADATA_BAD,
		        "the areas the metadata names overlap or lie outside the volume");
	return 0;
}

/* A damaged map is no failure here: what else is known of the volume is worth telling. In state 1
 * it matters only for what reads as zero. */
static int read_eow(struct block_device *dev, const struct fve_sector0 *s, struct bitlocker *b,
        struct error *err)
{
	struct eow_map *eow = NULL;
	int r = eow_read(dev, s->eow_offset, b->info.sector_size, &eow);

	if (r == 0) {
		r = fve_map_add_eow(b->map, eow, !b->info.needs_key);
		if (r < 0)
			eow_free(eow);
	}
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "reading the encrypt-on-write map");
	b->info.map_damaged = r < 0 && b->info.needs_key;
	return 0;
}

static int take_copy(struct block_device *dev, const struct fve_sector0 *s,
        const struct fve_copy *copy, struct bitlocker *b, struct error *err)
{
	const struct fve_header *h = &copy->header;

	take_header(h, &b->info);
	int r = make_map(h, b, err);
	if (r == 0 && b->info.encrypt_on_write)
		r = read_eow(dev, s, b, err);
	if (r < 0)
		return r;
	if (!b->info.map_damaged)
		b->info.encrypted_bytes = fve_map_encrypted_bytes(b->map);
	struct cursor entries = cursor_over(copy->area + METADATA_ENTRIES,
	        h->dataset_size - (METADATA_ENTRIES - METADATA_DATASET));
	if (fve_entries_parse(entries, b) < 0)
		return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
		        "the list of metadata entries is broken");
	if (take_validation(copy, b) < 0)
		return error_set(err, -EIO, REASON_INTERNAL, "libcrypto has no SHA-256");
	return 0;
}

/* Vista wrote no type; it is known by its jump, or by the version of its metadata. */
static int unknown_type(struct block_device *dev, const struct fve_sector0 *s, struct error *err)
{
	uint8_t head[12] = {0};
	char type[GUID_TEXT];
	int r = block_read(dev, s->vista_metadata, head, sizeof(head));

	if (s->vista_jump ||
	        (r == 0 && memcmp(head, "-FVE-FS-", 8) == 0 && get_le16(head + 10) == 1))
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_VISTA,
		        "encrypted by Windows Vista, whose metadata is not supported");
	guid_format(&s->type, type);
	return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
	        "the boot sector has the unknown BitLocker volume type %s", type);
}

static int parse(struct block_device *dev, const struct fve_sector0 *s, struct bitlocker *b,
        struct error *err)
{
	struct bitlocker_info *info = &b->info;

	if (!s->known_type)
		return unknown_type(dev, s, err);
	info->encrypt_on_write = s->encrypt_on_write;
	info->sector_size = s->sector_size ? s->sector_size : dev->sector_size;
	info->volume_size = dev->size;
	struct fve_copies *copies = calloc(1, sizeof(*copies));
	if (!copies)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "reading BitLocker metadata");
	int r = fve_copies_read(dev, s, copies, err);
	if (r == 0) {
		info->good_copies = copies->good_count;
		info->copies_agree = copies->agree;
		for (size_t i = 0; i < 3; i++)
			info->copy_good[i] = copies->copy[i].good;
		r = take_copy(dev, s, copies->chosen, b, err);
	}
	free(copies);
	return r;
}

int bitlocker_parse(struct block_device *dev, struct bitlocker **ret, struct error *err)
{
	uint8_t sector[512];
	struct fve_sector0 s;
	int r = block_read(dev, 0, sector, sizeof(sector));

	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR, "%s: boot sector at byte 0: %s",
		        dev->name, strerror(-r));
	CLEANUP_BITLOCKER struct bitlocker *b = calloc(1, sizeof(*b));
	if (!b)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "reading BitLocker metadata");
	r = fve_sector0_parse(sector, &s, err);
	if (r == 0)
		r = parse(dev, &s, b, err);
	if (r < 0) {
		error_prefix(err, "%s", dev->name);
		return r;
	}
	*ret = b;
	b = NULL;
	return 0;
}

void bitlocker_free(struct bitlocker *b)
{
	if (!b)
		return;
	fve_map_release(b->map);
	secret_wipe(b, sizeof(*b)); /* it may hold a clear key */
	free(b);
}

const struct bitlocker_info *bitlocker_info(const struct bitlocker *b)
{
	return &b->info;
}
