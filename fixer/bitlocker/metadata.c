/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The three metadata copies. Each: information header (64 bytes), dataset header (48), entries,
 * padding; then a validation block with the CRC-32 of all that and its SHA-256 sealed under the
 * VMK.
 */
#include "fixer/bitlocker/metadata.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define VALIDATION_DATUM_LEN  80
#define VALIDATION_DATUM_TYPE 5 /* AES-CCM */
#define PLAIN_DATUM_LEN       44
#define PLAIN_DATUM_TYPE      1 /* key */

/* The information header and what is needed of the dataset header. */
struct fve_header {
	size_t len; /* header, dataset and padding: what the validation block covers */
	uint16_t version, current_state, next_state;
	uint64_t state_offset;
	uint32_t conversion_bytes, header_sectors;
	uint64_t own_offset[3], header_offset;
	uint32_t dataset_size;
	struct guid volume_id;
	uint16_t method;
};

struct copy {
	uint8_t *area; /* METADATA_AREA bytes */
	bool good;
	struct fve_header header;
};

/* False when this can't be a metadata block; its integrity is checked afterwards. */
static bool parse_header(const uint8_t *area, struct fve_header *ret)
{
	struct cursor c = cursor_over(area, METADATA_AREA);
	struct fve_header h = {0};
	const uint8_t *signature = cursor_take(&c, 8);

	if (memcmp(signature, "-FVE-FS-", 8) != 0)
		return false;
	h.len = (size_t)cursor_le16(&c) * 16; /* version 2 counts in units of 16 */
	h.version = cursor_le16(&c);
	h.current_state = cursor_le16(&c);
	h.next_state = cursor_le16(&c);
	h.state_offset = cursor_le64(&c);
	h.conversion_bytes = cursor_le32(&c);
	h.header_sectors = cursor_le32(&c);
	for (size_t i = 0; i < 3; i++)
		h.own_offset[i] = cursor_le64(&c);
	h.header_offset = cursor_le64(&c);
	h.dataset_size = cursor_le32(&c);
	(void)cursor_skip(&c, 12); /* version, start, end */
	(void)cursor_copy(&c, h.volume_id.bytes, GUID_LEN);
	(void)cursor_skip(&c, 4); /* next nonce */
	h.method = cursor_le16(&c);
	*ret = h;
	return true;
}

static bool copy_is_good(const struct copy *copy, size_t index, uint64_t offset)
{
	const struct fve_header *h = &copy->header;

	if (h->version != 2 || h->own_offset[index] != offset)
		return false;
	if (h->len < METADATA_ENTRIES || h->len > METADATA_AREA - METADATA_VALIDATION)
		return false;
	if (h->dataset_size < METADATA_ENTRIES - METADATA_DATASET ||
	        h->dataset_size > h->len - METADATA_DATASET)
		return false;
	const uint8_t *validation = copy->area + h->len;
	return get_le32(validation + 4) == crc32_z(0, copy->area, h->len);
}

static int choose(const struct copy copies[3], struct bitlocker_info *info)
{
	int chosen = -1;

	info->copies_agree = true;
	for (int i = 0; i < 3; i++) {
		info->good_copies += copies[i].good;
		info->copy_good[i] = copies[i].good;
		if (copies[i].good && chosen < 0)
			chosen = i;
		if (!copies[i].good || copies[i].header.len != copies[0].header.len ||
		        memcmp(copies[i].area, copies[0].area, copies[0].header.len) != 0)
			info->copies_agree = false;
	}
	return chosen;
}

static bool is_converting(const struct bitlocker *b)
{
	uint16_t state = b->info.current_state;

	return b->info.encrypt_on_write || state != b->info.next_state ||
	       (state != FVE_ENCRYPTED && state != FVE_DECRYPTED);
}

static int take_validation(const struct copy *copy, struct bitlocker *b)
{
	const uint8_t *datum = copy->area + copy->header.len + 8;
	size_t digest_len = sizeof(b->digest);

	if (get_le16(datum) == VALIDATION_DATUM_LEN && get_le16(datum + 4) == VALIDATION_DATUM_TYPE)
		memcpy(b->validation, datum + 8, sizeof(b->validation));
	b->has_plain_digest = get_le16(datum) == PLAIN_DATUM_LEN &&
	                      get_le16(datum + 4) == PLAIN_DATUM_TYPE &&
	                      get_le16(datum + 8) == DIGEST_METHOD;
	if (b->has_plain_digest)
		memcpy(b->plain_digest, datum + PLAIN_DATUM_LEN - 32, sizeof(b->plain_digest));
	if (EVP_Q_digest(NULL, "SHA256", NULL, copy->area, copy->header.len, b->digest,
	            &digest_len) != 1)
		return -EIO;
	return 0;
}

static int take_copy(const struct copy *copy, struct bitlocker *b, struct error *err)
{
	const struct fve_header *h = &copy->header;
	struct bitlocker_info *info = &b->info;

	info->volume_id = h->volume_id;
	info->method = h->method;
	info->current_state = h->current_state;
	info->next_state = h->next_state;
	info->version = h->version;
	info->needs_key = h->current_state != FVE_DECRYPTED;
	info->map_damaged = info->encrypt_on_write && info->needs_key;
	info->converting = is_converting(b);
	info->encrypted_size = h->state_offset;
	if (info->needs_key && !info->encrypt_on_write)
		info->encrypted_bytes =
		        h->state_offset < info->volume_size ? h->state_offset : info->volume_size;
	info->header_offset = h->header_offset;
	info->header_sectors = h->header_sectors;
	memcpy(info->metadata_offset, h->own_offset, sizeof(info->metadata_offset));
	if (fve_reserved_ranges(b, h->conversion_bytes) < 0)
		return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
		        "the areas the metadata names overlap or lie outside the volume");
	struct cursor entries = cursor_over(copy->area + METADATA_ENTRIES,
	        h->dataset_size - (METADATA_ENTRIES - METADATA_DATASET));
	if (fve_entries_parse(entries, b) < 0)
		return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
		        "the list of metadata entries is broken");
	if (take_validation(copy, b) < 0)
		return error_set(err, -EIO, REASON_INTERNAL, "libcrypto has no SHA-256");
	return 0;
}

/* A copy that can't be read is a bad one; the last read error is kept for when none is good. */
static int read_copies(struct block_device *dev, const struct fve_sector0 *s, struct copy copies[3],
        bool *ret_vista)
{
	int last = 0;

	for (size_t i = 0; i < 3; i++) {
		uint64_t offset = s->metadata_offset[i];
		int r = block_read(dev, offset, copies[i].area, METADATA_AREA);
		if (r < 0) {
			if (r != -EINVAL) /* an offset outside the volume is not the disk's fault */
				last = r;
			continue;
		}
		if (!parse_header(copies[i].area, &copies[i].header))
			continue;
		copies[i].good = copy_is_good(&copies[i], i, offset);
		*ret_vista = *ret_vista || copies[i].header.version == 1;
	}
	return last;
}

static int parse_copies(struct block_device *dev, const struct fve_sector0 *s, uint8_t *areas,
        struct bitlocker *b, struct error *err)
{
	struct copy copies[3] = {{.area = areas}, {.area = areas + METADATA_AREA},
	        {.area = areas + 2 * METADATA_AREA}};
	bool vista = false;
	int r = read_copies(dev, s, copies, &vista);
	int chosen = choose(copies, &b->info);

	if (chosen >= 0)
		return take_copy(&copies[chosen], b, err);
	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR,
		        "BitLocker metadata can't be read at bytes %llu, %llu and %llu of the "
		        "volume",
		        (unsigned long long)s->metadata_offset[0],
		        (unsigned long long)s->metadata_offset[1],
		        (unsigned long long)s->metadata_offset[2]);
	if (vista)
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_VISTA,
		        "encrypted by Windows Vista, whose metadata is not supported");
	return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
	        "none of the three BitLocker metadata copies is intact");
}

int bitlocker_parse(struct block_device *dev, struct bitlocker **ret, struct error *err)
{
	uint8_t sector[512];
	struct fve_sector0 s;
	int r = block_read(dev, 0, sector, sizeof(sector));

	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR, "%s: boot sector at byte 0: %s",
		        dev->name, strerror(-r));
	r = fve_sector0_parse(sector, &s, err);
	if (r < 0) {
		error_prefix(err, "%s", dev->name);
		return r;
	}
	CLEANUP_FREE uint8_t *areas = calloc(3, METADATA_AREA);
	CLEANUP_BITLOCKER struct bitlocker *b = calloc(1, sizeof(*b));
	if (!areas || !b)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "reading BitLocker metadata");
	b->info.encrypt_on_write = s.encrypt_on_write;
	b->info.sector_size = s.sector_size ? s.sector_size : dev->sector_size;
	b->info.volume_size = dev->size;
	r = parse_copies(dev, &s, areas, b, err);
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
	secret_wipe(b, sizeof(*b)); /* it may hold a clear key */
	free(b);
}

const struct bitlocker_info *bitlocker_info(const struct bitlocker *b)
{
	return &b->info;
}
