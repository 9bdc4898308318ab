/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plaintext over ciphertext. A byte of the volume is one of three: it belongs to BitLocker (reads
 * as zero, refuses writes), it stands in a relocated boot sector, or it stands at its own place.
 * The cipher knows whole sectors only, so anything smaller is read, changed and written back.
 */
#include "fixer/bitlocker/volume.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BOUNCE_LEN (64 * 1024)

struct volume {
	struct block_device dev;
	struct block_device *below;
	struct fve_map *map; /* held */
	struct sector_cipher *cipher;
	uint64_t refused_at;        /* see bitlocker_refused_at() */
	uint8_t bounce[BOUNCE_LEN]; /* whole sectors on their way */
};

static struct volume *volume_of(struct block_device *dev)
{
	return (struct volume *)dev;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Whole sectors of one extent. */
static int read_sectors(struct volume *v, const struct extent *e, uint8_t *buf, size_t len)
{
	int r = block_read(v->below, e->physical, buf, len);

	if (r < 0 || e->kind != EXTENT_ENCRYPTED)
		return r;
	return sector_cipher_decrypt(v->cipher, e->physical, buf, len);
}

/* buf is overwritten with ciphertext. */
static int write_sectors(struct volume *v, const struct extent *e, uint8_t *buf, size_t len)
{
	if (e->kind == EXTENT_ENCRYPTED) {
		int r = sector_cipher_encrypt(v->cipher, e->physical, buf, len);
		if (r < 0)
			return r;
	}
	return block_write(v->below, e->physical, buf, len);
}

/* The whole sectors around [offset, offset + len), as much of them as is one extent and fits the
 * bounce buffer. head: bytes before offset. Extents begin and end at sectors. */
static struct extent sectors_around(
        const struct volume *v, uint64_t offset, size_t len, size_t *ret_head)
{
	uint32_t unit = v->dev.sector_size;
	size_t head = (size_t)(offset % unit);
	uint64_t whole = (head + len + unit - 1) / unit * unit;
	struct extent e = fve_map_extent(v->map, offset - head, least(whole, BOUNCE_LEN));

	*ret_head = head;
	return e;
}

static int read_piece(struct volume *v, uint64_t offset, uint8_t *buf, size_t len, size_t *ret_done)
{
	uint32_t unit = v->dev.sector_size;
	struct extent e = fve_map_extent(v->map, offset, len);
	size_t direct = (size_t)(e.len - e.len % unit), head;

	if (e.kind == EXTENT_RESERVED) {
		memset(buf, 0, (size_t)e.len);
		*ret_done = (size_t)e.len;
		return 0;
	}
	if (offset % unit == 0 && direct > 0) {
		*ret_done = direct;
		return read_sectors(v, &e, buf, direct);
	}
	e = sectors_around(v, offset, (size_t)least(len, unit - offset % unit), &head);
	int r = read_sectors(v, &e, v->bounce, (size_t)e.len);
	if (r < 0)
		return r;
	*ret_done = (size_t)least(len, e.len - head);
	memcpy(buf, v->bounce + head, *ret_done);
	return 0;
}

static int volume_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len > 0) {
		size_t done = 0;
		int r = read_piece(volume_of(dev), offset, p, len, &done);
		if (r < 0)
			return r;
		p += done;
		offset += done;
		len -= done;
	}
	return 0;
}

static int write_piece(
        struct volume *v, uint64_t offset, const uint8_t *buf, size_t len, size_t *ret_done)
{
	size_t head;
	struct extent e = sectors_around(v, offset, len, &head);
	size_t whole = (size_t)e.len, n = (size_t)least(len, whole - head);

	if (head > 0 || n < whole - head) {
		int r = read_sectors(v, &e, v->bounce, whole);
		if (r < 0)
			return r;
	}
	memcpy(v->bounce + head, buf, n);
	*ret_done = n;
	return write_sectors(v, &e, v->bounce, whole);
}

/* The first byte of BitLocker's own in [offset, offset + len); UINT64_MAX when there is none. */
static uint64_t first_reserved(const struct volume *v, uint64_t offset, uint64_t len)
{
	while (len > 0) {
		struct extent e = fve_map_extent(v->map, offset, len);
		if (e.kind == EXTENT_RESERVED)
			return offset;
		offset += e.len;
		len -= e.len;
	}
	return UINT64_MAX;
}

/* A write that touches BitLocker's own areas is refused whole, before any of it is done. */
static int volume_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	struct volume *v = volume_of(dev);
	const uint8_t *p = buf;

	uint64_t reserved = first_reserved(v, offset, len);
	if (reserved != UINT64_MAX) {
		v->refused_at = reserved;
		return -EPERM;
	}
	while (len > 0) {
		size_t done = 0;
		int r = write_piece(v, offset, p, len, &done);
		if (r < 0)
			return r;
		p += done;
		offset += done;
		len -= done;
	}
	return 0;
}

static int volume_flush(struct block_device *dev)
{
	return block_flush(volume_of(dev)->below);
}

/* Of everything: a range may lie in several places below. */
static int volume_drop_cache(struct block_device *dev, uint64_t offset, size_t len)
{
	struct block_device *below = volume_of(dev)->below;

	(void)offset;
	(void)len;
	return block_drop_cache(below, 0, (size_t)below->size);
}

static void volume_close(struct block_device *dev)
{
	struct volume *v = volume_of(dev);

	sector_cipher_free(v->cipher);
	fve_map_release(v->map);
	secret_wipe(v, sizeof(*v));
	free(v);
}

static const struct block_ops volume_ops = {
        .read = volume_read,
        .write = volume_write,
        .flush = volume_flush,
        .drop_cache = volume_drop_cache,
        .close = volume_close,
};

uint64_t bitlocker_refused_at(struct block_device *volume)
{
	return volume->ops == &volume_ops ? volume_of(volume)->refused_at : UINT64_MAX;
}

int volume_new(struct block_device *dev, const struct bitlocker *b, struct sector_cipher *cipher,
        bool writable, struct block_device **ret)
{
	struct volume *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	v->below = dev;
	v->map = fve_map_hold(b->map);
	v->cipher = cipher;
	v->refused_at = UINT64_MAX;
	v->dev = (struct block_device){.ops = &volume_ops,
	        .size = b->map->size,
	        .sector_size = b->map->sector_size,
	        .writable = writable};
	(void)snprintf(v->dev.name, sizeof(v->dev.name), "%.48s (BitLocker)", dev->name);
	*ret = &v->dev;
	return 0;
}
