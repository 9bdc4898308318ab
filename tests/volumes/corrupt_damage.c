/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where and how a volume is damaged. */
#include "fixer/base/bytes.h"
#include "tests/generators/run.h"
#include "tests/volumes/corrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_LIST   0x20
#define AT_DATA   0x80
#define AT_ROOT   0x90
#define AT_ALLOC  0xa0
#define AT_BITMAP 0xb0
#define BLOCK     4096
#define SYSTEM    27 /* records of Windows' own, $Extend's with them */
#define IN_MIRROR 4
#define DAMAGES   4 /* at most */

uint8_t *corrupt_touch(struct corrupt_case *c, uint64_t offset, size_t len)
{
	struct corrupt_base *b = c->base;

	if (c->place_count == CORRUPT_PLACES || !range_within(offset, len, b->size))
		return NULL;
	struct corrupt_place *place = &c->places[c->place_count];
	place->old_bytes = malloc(len);
	if (!place->old_bytes)
		return NULL;
	memcpy(place->old_bytes, b->bytes + offset, len);
	place->offset = offset;
	place->len = len;
	c->place_count++;
	return b->bytes + offset;
}

/* Changes 1 to 8 bytes of len, as bits, bytes, numbers that are often wrong, or by one. */
static void mutate(struct gen_random *r, uint8_t *bytes, size_t len)
{
	static const uint64_t numbers[] = {0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0xffffffff,
	        0x7fffffffffffffff, UINT64_MAX, 0x1000, 0x400};
	static const size_t widths[] = {1, 2, 4, 8};
	size_t width = widths[gen_random_below(r, 4)];
	uint8_t number[8];

	if (len < 16)
		return;
	uint8_t *at = bytes + gen_random_below(r, (uint32_t)(len - 8));
	if (gen_random_below(r, 2))
		at = bytes + (size_t)(at - bytes) / width * width;
	put_le64(number, numbers[gen_random_below(r, 12)]);
	switch (gen_random_below(r, 6)) {
	case 0:
	case 1:
		*at ^= (uint8_t)(1u << gen_random_below(r, 8));
		break;
	case 2:
		gen_random_bytes(r, at, width);
		break;
	case 3:
		memcpy(at, number, width);
		break;
	case 4:
		*at = (uint8_t)(*at + (gen_random_below(r, 2) ? 1 : -1));
		break;
	default: /* as if written to the wrong place */
		memmove(at, bytes + gen_random_below(r, (uint32_t)(len - 8)), 8);
	}
}

/* A record or block, mostly so that its update sequence is right, at times torn. */
static void mutate_block(struct gen_random *r, uint8_t *block, size_t len, size_t used)
{
	if (used > len || used < 64)
		used = len;
	if (gen_random_below(r, 5) == 0) {
		mutate(r, block, len);
		return;
	}
	ntfs_edit_open(block, len);
	mutate(r, block, used);
	/* The array itself must stay where it is to be put back. */
	if (get_le16(block + 4) <= 510 - 2 * (len / 512 + 1))
		ntfs_edit_close(block, len);
}

static void damage_record(struct corrupt_case *c, uint64_t number)
{
	const struct ntfs_edit *e = &c->base->edit;
	uint8_t *record = corrupt_touch(c, e->mft + number * EDIT_RECORD, EDIT_RECORD);
	uint8_t copy[EDIT_RECORD];

	if (!record || memcmp(record, "FILE", 4) != 0)
		return;
	/* Where the mirror is, must be known before the damage. */
	memcpy(copy, ntfs_edit_record(e, 1), sizeof(copy));
	ntfs_edit_open(copy, sizeof(copy));
	const uint8_t *data = ntfs_edit_attribute(copy, AT_DATA, 0);
	uint64_t mirror = data ? ntfs_edit_first_run(e, data) : EDIT_NONE;
	mutate_block(&c->random, record, EDIT_RECORD, get_le32(record + 24));
	if (number < IN_MIRROR && mirror != EDIT_NONE && gen_random_below(&c->random, 2)) {
		uint8_t *second = corrupt_touch(c, mirror + number * EDIT_RECORD, EDIT_RECORD);
		if (second)
			memcpy(second, record, EDIT_RECORD);
	}
}

/* Bytes of an attribute that is not resident, or EDIT_NONE; *ret_len how many are in its first run
 * at least. */
static uint64_t content_of(
        const struct corrupt_case *c, uint64_t number, uint32_t type, unsigned nth)
{
	const struct ntfs_edit *e = &c->base->edit;
	uint8_t copy[EDIT_RECORD];
	const uint8_t *own = ntfs_edit_record(e, number);

	if (!own)
		return EDIT_NONE;
	memcpy(copy, own, sizeof(copy));
	if (memcmp(copy, "FILE", 4) != 0 || get_le16(copy + 4) != 0x30)
		return EDIT_NONE;
	ntfs_edit_open(copy, sizeof(copy));
	const uint8_t *a = ntfs_edit_attribute(copy, type, nth);
	return a ? ntfs_edit_first_run(e, a) : EDIT_NONE;
}

static void damage_index(struct corrupt_case *c, uint64_t number)
{
	uint64_t at = content_of(c, number, AT_ALLOC, 0);
	unsigned blocks = number == c->base->directory ? 4 : 1;

	if (at == EDIT_NONE)
		return;
	at += (uint64_t)gen_random_below(&c->random, blocks) * BLOCK;
	uint8_t *block = corrupt_touch(c, at, BLOCK);
	if (block && memcmp(block, "INDX", 4) == 0)
		mutate_block(&c->random, block, BLOCK, get_le32(block + 28) + 24u);
}

static void damage_content(struct corrupt_case *c, uint64_t number, uint32_t type, size_t len)
{
	uint64_t at = content_of(c, number, type, 0);
	uint8_t *bytes = at == EDIT_NONE ? NULL : corrupt_touch(c, at, len);

	if (bytes)
		mutate(&c->random, bytes, len);
}

/* Records from pages of the journal, too. */
static void damage_journal(struct corrupt_case *c)
{
	uint64_t at = content_of(c, 2, AT_DATA, 0);
	uint8_t *page;

	if (at == EDIT_NONE)
		return;
	if (gen_random_below(&c->random, 3) > 0)
		at += (uint64_t)gen_random_below(&c->random, 256) * BLOCK;
	page = corrupt_touch(c, at, BLOCK);
	if (page && (memcmp(page, "RSTR", 4) == 0 || memcmp(page, "RCRD", 4) == 0))
		mutate_block(&c->random, page, BLOCK, 512);
	else if (page)
		mutate(&c->random, page, BLOCK);
}

/* A sector that was never written, or was written to the wrong place. */
static void damage_sector(struct corrupt_case *c)
{
	const struct ntfs_edit *e = &c->base->edit;
	uint64_t number = gen_random_below(&c->random, (uint32_t)e->records);
	uint8_t *sector = corrupt_touch(c, e->mft + number * EDIT_RECORD, 512);

	if (!sector)
		return;
	if (gen_random_below(&c->random, 2))
		memset(sector, 0, 512);
	else
		memcpy(sector,
		        ntfs_edit_record(e, gen_random_below(&c->random, (uint32_t)e->records)),
		        512);
}

void corrupt_somewhere(struct corrupt_case *c)
{
	struct gen_random *r = &c->random;
	uint32_t where = gen_random_below(r, 100);

	if (where < 6) {
		uint8_t *boot = corrupt_touch(c, 0, 512);
		mutate(r, boot, 84);
	} else if (where < 26) {
		damage_record(c, c->base->target);
	} else if (where < 36) {
		damage_record(c, c->base->directory);
	} else if (where < 48) {
		damage_record(c, gen_random_below(r, SYSTEM));
	} else if (where < 56) {
		damage_record(c, gen_random_below(r, (uint32_t)c->base->edit.records));
	} else if (where < 72) {
		damage_index(c, c->base->directory);
	} else if (where < 76) {
		damage_index(c, gen_random_below(r, 2) ? c->base->other : 5);
	} else if (where < 82) {
		damage_content(c, 6, AT_DATA, 512);
	} else if (where < 85) {
		damage_content(c, 0, AT_BITMAP, 64);
	} else if (where < 87) {
		damage_content(c, 10, AT_DATA, 512);
	} else if (where < 90) {
		damage_content(c, 9, AT_DATA, BLOCK);
	} else if (where < 97) {
		damage_journal(c);
	} else {
		damage_sector(c);
	}
}

/* Writes the places as they are in memory now. */
static int write_places(const struct corrupt_case *c)
{
	int fd = open(c->base->path, O_WRONLY | O_CLOEXEC), r = fd < 0 ? -errno : 0;

	for (size_t i = 0; i < c->place_count && r == 0; i++)
		r = gen_pwrite(fd, c->base->bytes + c->places[i].offset, c->places[i].len,
		        c->places[i].offset);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int corrupt_damage(
        struct corrupt_case *c, struct corrupt_bases *bases, uint64_t seed, unsigned number)
{
	char label[32];

	*c = (struct corrupt_case){.seed = seed, .number = number};
	(void)snprintf(label, sizeof(label), "corrupt %u", number);
	gen_random_init(&c->random, seed, label);
	/* The large ones of Windows take longer: one case in six. */
	size_t own = bases->count < 8 ? bases->count : 8;
	bool windows = gen_random_below(&c->random, 6) == 0;
	uint32_t which = gen_random_below(&c->random, 4);
	c->base = windows && own + which < bases->count
	                  ? &bases->list[own + which]
	                  : &bases->list[gen_random_below(&c->random, (uint32_t)own)];
	c->action = gen_random_below(&c->random, 3) ? ACTION_REMOVE : ACTION_RENAME;
	c->unclean = (enum recipe_unclean)gen_random_below(&c->random, 3);
	for (unsigned i = 1 + gen_random_below(&c->random, DAMAGES); i > 0; i--)
		corrupt_somewhere(c);
	return write_places(c);
}

int corrupt_revert(struct corrupt_case *c, bool whole)
{
	for (size_t i = c->place_count; i-- > 0;)
		memcpy(c->base->bytes + c->places[i].offset, c->places[i].old_bytes,
		        c->places[i].len);
	int r = write_places(c);
	for (size_t i = 0; i < c->place_count; i++)
		free(c->places[i].old_bytes);
	c->place_count = 0;
	if (r == 0 && whole) {
		int fd = open(c->base->path, O_WRONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : gen_pwrite(fd, c->base->bytes, c->base->size, 0);
		if (fd >= 0)
			(void)close(fd);
	}
	return r;
}
