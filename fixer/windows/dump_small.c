/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The driver list of a small dump (a "minidump"): TRIAGE_DUMP behind the header. */
#include "fixer/base/bytes.h"
#include "fixer/windows/dump_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In TRIAGE_DUMP, u32 each, alike with 32 and 64 bits. What they name counts from the file's
 * start. */
#define VALID_OFFSET 0x08 /* of "TRGD", which Windows writes last */
#define LIST_OFFSET  0x30
#define LIST_COUNT   0x34
#define POOL_OFFSET  0x38 /* the names, right behind the list */
#define TRIAGE_SIZE  0x48

#define LIST_MAX      2048
#define ENTRY_MAX     0x200
#define NAME_MAX_UNIT 260
#define IMAGE_MAX     (1u << 30)

struct driver_list {
	uint32_t offset, count, stride;
};

/* An entry has grown before and may again: the list's end tells how large they are. */
static uint32_t stride_of(const struct dump_layout *l, uint32_t list, uint32_t count, uint32_t pool)
{
	if (pool <= list)
		return l->entry;
	uint32_t stride = (pool - list) / count / l->word * l->word; /* the names may be aligned */
	return stride < l->entry || stride > ENTRY_MAX ? l->entry : stride;
}

static int find_list(
        const struct dump_source *source, const struct dump_layout *l, struct driver_list *ret)
{
	uint8_t triage[TRIAGE_SIZE], magic[4];

	int r = dump_read_at(source, l->header, triage, sizeof(triage));
	if (r == 0)
		r = dump_read_at(source, get_le32(triage + VALID_OFFSET), magic, sizeof(magic));
	if (r < 0)
		return r;
	struct driver_list list = {
	        get_le32(triage + LIST_OFFSET), get_le32(triage + LIST_COUNT), 0};
	if (memcmp(magic, "TRGD", 4) != 0 || list.count == 0 || list.count > LIST_MAX)
		return -EBADMSG;
	list.stride = stride_of(l, list.offset, list.count, get_le32(triage + POOL_OFFSET));
	*ret = list;
	return 0;
}

/* A DUMP_STRING: length in characters, then UTF-16 with a NUL. A length in bytes, as an old header
 * has it, would end at that NUL too. */
static int read_name(const struct dump_source *source, uint32_t offset, char ret[DUMP_MODULE])
{
	uint8_t length[4], name[2 * NAME_MAX_UNIT];

	int r = dump_read_at(source, offset, length, sizeof(length));
	uint32_t units = r == 0 ? get_le32(length) : 0;
	if (r == 0 && (units == 0 || units > NAME_MAX_UNIT))
		r = -EBADMSG;
	if (r == 0)
		r = dump_read_at(source, (uint64_t)offset + 4, name, 2 * (size_t)units);
	return r < 0 ? r : dump_module_name(name, units, ret);
}

static bool holds(const struct dump_layout *l, const uint8_t *entry, uint64_t address)
{
	const uint8_t *p = entry + l->entry_base;
	uint64_t base = l->word == 8 ? get_le64(p) : get_le32(p);
	uint32_t size = get_le32(entry + l->entry_image);

	return base != 0 && base % DUMP_PAGE == 0 && size <= IMAGE_MAX && address >= base &&
	       address - base < size;
}

int dump_small_module(const struct dump_source *source, const struct dump_layout *l,
        uint64_t address, char ret[DUMP_MODULE])
{
	uint8_t entry[ENTRY_MAX];
	struct driver_list list;

	int r = find_list(source, l, &list);
	for (uint32_t i = 0; r == 0 && i < list.count; i++) {
		r = dump_read_at(
		        source, list.offset + (uint64_t)i * list.stride, entry, list.stride);
		if (r == 0 && holds(l, entry, address))
			return read_name(source, get_le32(entry), ret);
	}
	return r < 0 ? r : -ENOENT;
}
