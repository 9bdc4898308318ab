/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/block/overlay.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One written sector; bytes is NULL in an empty slot. */
struct slot {
	uint64_t lba;
	uint8_t *bytes;
};

struct overlay {
	struct block_device dev;
	struct block_device *base;
	struct slot *slots; /* open addressing, linear probing; capacity is a power of two */
	size_t capacity;
	size_t used;
	size_t max_sectors;
};

#define INITIAL_SLOTS 256

static struct overlay *overlay_of(struct block_device *dev)
{
	return (struct overlay *)dev;
}

/* The slot that holds lba, or the empty one where it would go. At most half of the slots are in
 * use, so there is always an empty one. */
static struct slot *slot_find(struct slot *slots, size_t capacity, uint64_t lba)
{
	/* Multiplying by 2^64 / golden ratio spreads neighbouring sectors over the table. */
	size_t i = (size_t)((lba * 0x9e3779b97f4a7c15ULL) >> 32) & (capacity - 1);

	while (slots[i].bytes && slots[i].lba != lba)
		i = (i + 1) & (capacity - 1);
	return &slots[i];
}

static int grow(struct overlay *o)
{
	size_t capacity = o->capacity * 2;
	struct slot *slots = calloc(capacity, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < o->capacity; i++)
		if (o->slots[i].bytes)
			*slot_find(slots, capacity, o->slots[i].lba) = o->slots[i];
	free(o->slots);
	o->slots = slots;
	o->capacity = capacity;
	return 0;
}

/* The overlay's own bytes of a sector, made from the base's when there are none yet. */
static int sector_own(struct overlay *o, uint64_t lba, uint8_t **ret)
{
	uint32_t unit = o->dev.sector_size;
	struct slot *slot = slot_find(o->slots, o->capacity, lba);

	if (slot->bytes) {
		*ret = slot->bytes;
		return 0;
	}
	if (o->used >= o->max_sectors)
		return -ENOSPC;
	if (o->used >= o->capacity / 2) {
		int r = grow(o);
		if (r < 0)
			return r;
		slot = slot_find(o->slots, o->capacity, lba);
	}
	uint8_t *bytes = malloc(unit);
	if (!bytes)
		return -ENOMEM;
	int r = block_read(o->base, lba * unit, bytes, unit);
	if (r < 0) {
		free(bytes);
		return r;
	}
	*slot = (struct slot){.lba = lba, .bytes = bytes};
	o->used++;
	*ret = bytes;
	return 0;
}

/* The next piece of [offset, offset + len) that lies in one sector. */
static size_t piece_of(
        uint64_t offset, size_t len, uint32_t unit, uint64_t *ret_lba, size_t *ret_at)
{
	size_t at = (size_t)(offset % unit);

	*ret_lba = offset / unit;
	*ret_at = at;
	return len < unit - at ? len : unit - at;
}

static int overlay_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	struct overlay *o = overlay_of(dev);
	uint8_t *p = buf;
	int r = block_read(o->base, offset, buf, len);

	while (r == 0 && len > 0 && o->used > 0) {
		uint64_t lba;
		size_t at, n = piece_of(offset, len, dev->sector_size, &lba, &at);
		const struct slot *slot = slot_find(o->slots, o->capacity, lba);
		if (slot->bytes)
			memcpy(p, slot->bytes + at, n);
		p += n;
		offset += n;
		len -= n;
	}
	return r;
}

static int overlay_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	struct overlay *o = overlay_of(dev);
	const uint8_t *p = buf;

	while (len > 0) {
		uint64_t lba;
		size_t at, n = piece_of(offset, len, dev->sector_size, &lba, &at);
		uint8_t *bytes;
		int r = sector_own(o, lba, &bytes);
		if (r < 0)
			return r;
		memcpy(bytes + at, p, n);
		p += n;
		offset += n;
		len -= n;
	}
	return 0;
}

bool overlay_touches(struct block_device *overlay, uint64_t offset, uint64_t len)
{
	const struct overlay *o = overlay_of(overlay);
	uint64_t first = offset / o->dev.sector_size,
	         last = (offset + len - 1) / o->dev.sector_size;

	for (size_t i = 0; len > 0 && i < o->capacity; i++)
		if (o->slots[i].bytes && o->slots[i].lba >= first && o->slots[i].lba <= last)
			return true;
	return false;
}

static int overlay_drop_cache(struct block_device *dev, uint64_t offset, size_t len)
{
	return block_drop_cache(overlay_of(dev)->base, offset, len);
}

static void overlay_close(struct block_device *dev)
{
	struct overlay *o = overlay_of(dev);

	for (size_t i = 0; i < o->capacity; i++)
		free(o->slots[i].bytes);
	free(o->slots);
	free(o);
}

static const struct block_ops overlay_ops = {
        .read = overlay_read,
        .write = overlay_write,
        .drop_cache = overlay_drop_cache,
        .close = overlay_close,
};

int overlay_open(struct block_device *base, size_t max_bytes, struct block_device **ret)
{
	if (base->sector_size == 0 || base->size % base->sector_size != 0)
		return -EINVAL;
	struct overlay *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->slots = calloc(INITIAL_SLOTS, sizeof(*o->slots));
	if (!o->slots) {
		free(o);
		return -ENOMEM;
	}
	o->capacity = INITIAL_SLOTS;
	o->max_sectors = max_bytes / base->sector_size;
	o->base = base;
	o->dev = (struct block_device){.ops = &overlay_ops,
	        .size = base->size,
	        .sector_size = base->sector_size,
	        .writable = true};
	(void)snprintf(o->dev.name, sizeof(o->dev.name), "%s", base->name);
	*ret = &o->dev;
	return 0;
}

static int by_lba(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	return x->lba < y->lba ? -1 : x->lba > y->lba;
}

/* The slots in use, ascending; the bytes still belong to the overlay. */
static struct slot *slots_sorted(const struct overlay *o)
{
	struct slot *sorted = calloc(o->used + 1, sizeof(*sorted));
	size_t n = 0;

	for (size_t i = 0; sorted && i < o->capacity; i++)
		if (o->slots[i].bytes)
			sorted[n++] = o->slots[i];
	if (sorted)
		qsort(sorted, n, sizeof(*sorted), by_lba);
	return sorted;
}

int overlay_each(struct block_device *overlay,
        int (*fn)(void *context, const struct sector_change *change), void *context)
{
	struct overlay *o = overlay_of(overlay);
	uint32_t unit = overlay->sector_size;
	CLEANUP_FREE uint8_t *old = malloc(unit);
	CLEANUP_FREE struct slot *sorted = slots_sorted(o);

	if (!old || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < o->used; i++) {
		int r = block_read(o->base, sorted[i].lba * unit, old, unit);
		if (r < 0)
			return r;
		if (memcmp(old, sorted[i].bytes, unit) == 0)
			continue;
		struct sector_change change = {
		        .lba = sorted[i].lba, .old_bytes = old, .new_bytes = sorted[i].bytes};
		r = fn(context, &change);
		if (r != 0)
			return r;
	}
	return 0;
}

static int count_one(void *context, const struct sector_change *change)
{
	(void)change;
	(*(size_t *)context)++;
	return 0;
}

int overlay_changed(struct block_device *overlay, size_t *ret_count)
{
	size_t count = 0;
	int r = overlay_each(overlay, count_one, &count);

	if (r == 0)
		*ret_count = count;
	return r;
}
