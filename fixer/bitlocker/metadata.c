/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The three metadata copies. Each: information header (64 bytes), dataset header (48), entries,
 * padding; then a validation block with the CRC-32 of all that and its SHA-256 sealed under the
 * VMK.
 */
#include "fixer/bitlocker/metadata.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define VERSION_VISTA 1
#define VERSION       2

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

static bool is_good(const struct fve_copy *copy, size_t index, uint64_t offset)
{
	const struct fve_header *h = &copy->header;

	if (h->version != VERSION || h->own_offset[index] != offset)
		return false;
	if (h->len < METADATA_ENTRIES || h->len > METADATA_AREA - METADATA_VALIDATION)
		return false;
	if (h->dataset_size < METADATA_ENTRIES - METADATA_DATASET ||
	        h->dataset_size > h->len - METADATA_DATASET)
		return false;
	const uint8_t *validation = copy->area + h->len;
	return get_le32(validation + 4) == crc32_z(0, copy->area, h->len);
}

static void choose(struct fve_copies *c)
{
	c->agree = true;
	for (size_t i = 0; i < 3; i++) {
		const struct fve_copy *copy = &c->copy[i];
		c->good_count += copy->good;
		if (copy->good && !c->chosen)
			c->chosen = copy;
		if (!copy->good || copy->header.len != c->copy[0].header.len ||
		        memcmp(copy->area, c->copy[0].area, copy->header.len) != 0)
			c->agree = false;
	}
}

/* Why none is good. version: what the last block that has the signature states, 0 for none. */
static int none_good(
        const struct fve_sector0 *s, int read_error, uint16_t version, struct error *err)
{
	if (read_error < 0)
		return error_set(err, read_error, REASON_DISK_READ_ERROR,
		        "BitLocker metadata can't be read at bytes %llu, %llu and %llu of the "
		        "volume",
		        (unsigned long long)s->metadata_offset[0],
		        (unsigned long long)s->metadata_offset[1],
		        (unsigned long long)s->metadata_offset[2]);
	if (version == VERSION_VISTA)
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_VISTA,
		        "encrypted by Windows Vista, whose metadata is not supported");
	if (version != 0 && version != VERSION)
		return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
		        "the BitLocker metadata has the unknown version %u", version);
	return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
	        "none of the three BitLocker metadata copies is intact");
}

int fve_copies_read(struct block_device *dev, const struct fve_sector0 *s, struct fve_copies *ret,
        struct error *err)
{
	uint16_t version = 0;
	int last = 0;

	for (size_t i = 0; i < 3; i++) {
		struct fve_copy *copy = &ret->copy[i];
		int r = block_read(dev, s->metadata_offset[i], copy->area, METADATA_AREA);
		if (r < 0) {
			if (r != -EINVAL) /* an offset outside the volume is not the disk's fault */
				last = r;
			continue;
		}
		if (!parse_header(copy->area, &copy->header))
			continue;
		copy->good = is_good(copy, i, s->metadata_offset[i]);
		version = copy->header.version;
	}
	choose(ret);
	return ret->chosen ? 0 : none_good(s, last, version, err);
}
