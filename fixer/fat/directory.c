/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Directories: 32 bytes an entry. A long name stands before its 8.3 entry, last part first. */
#include "fixer/base/bytes.h"
#include "fixer/fat/fat.h"

#include <errno.h>
#include <string.h>

#define ENTRY         32
#define BLOCK         512 /* bytes read at a time: every piece has a whole number of them or ends */
#define DIRECTORY_MAX (65536u * ENTRY)

#define SHORT_LEN 11
#define FREE      0xe5 /* first byte: deleted */

#define ATTR_VOLUME    0x08
#define ATTR_DIRECTORY 0x10
#define ATTR_LONG      0x0f
#define ATTR_MASK      0x3f

#define LONG_LAST   0x40 /* of the order: the part that comes first on disk */
#define LONG_ORDER  0x3f
#define LONG_UNITS  13 /* UTF-16 in one part */
#define LONG_PARTS  20
#define NAME_LENGTH (LONG_UNITS * LONG_PARTS)

/* The long name that is being gathered. */
struct long_name {
	uint16_t units[NAME_LENGTH + 1];
	unsigned parts, next; /* next: the order that must come; parts 0: nothing is gathered */
	uint8_t checksum;     /* of the 8.3 name it belongs to */
};

/* A name of the path that is looked for. */
struct wanted {
	const char *name;
	size_t len;
};

static char lower(uint32_t unit)
{
	if (unit >= 'A' && unit <= 'Z')
		return (char)(unit + 'a' - 'A');
	return unit < 0x80 ? (char)unit : 0;
}

static bool same_letter(uint32_t a, char b)
{
	return lower(a) != 0 && lower(a) == lower((uint8_t)b);
}

static void take_part(struct long_name *n, const uint8_t *e)
{
	static const uint8_t places[LONG_UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	unsigned order = e[0] & LONG_ORDER;

	if (e[0] & LONG_LAST && order >= 1 && order <= LONG_PARTS) {
		*n = (struct long_name){.parts = order, .next = order, .checksum = e[13]};
	} else if (n->parts == 0 || order != n->next || e[13] != n->checksum || order == 0) {
		n->parts = 0;
		return;
	}
	for (size_t i = 0; i < LONG_UNITS; i++)
		n->units[(order - 1) * LONG_UNITS + i] = get_le16(e + places[i]);
	n->next = order - 1;
}

static uint8_t short_checksum(const uint8_t *name)
{
	unsigned sum = 0;

	for (size_t i = 0; i < SHORT_LEN; i++)
		sum = (((sum & 1) << 7) + (sum >> 1) + name[i]) & 0xff;
	return (uint8_t)sum;
}

static bool long_name_is(const struct long_name *n, const uint8_t *entry, const struct wanted *w)
{
	size_t room = n->parts * LONG_UNITS;

	if (n->parts == 0 || n->next != 0 || short_checksum(entry) != n->checksum || w->len > room)
		return false;
	for (size_t i = 0; i < w->len; i++)
		if (!same_letter(n->units[i], w->name[i]))
			return false;
	return w->len == room || n->units[w->len] == 0;
}

static bool short_name_is(const uint8_t *entry, const struct wanted *w)
{
	char name[SHORT_LEN + 2];
	size_t len = 0;

	for (size_t i = 0; i < SHORT_LEN; i++) {
		if (i == 8 && entry[i] != ' ')
			name[len++] = '.';
		if (entry[i] != ' ')
			name[len++] = (char)entry[i];
	}
	if (len != w->len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!same_letter((uint8_t)name[i], w->name[i]))
			return false;
	return true;
}

static struct fat_file file_of(const struct fat *fat, const uint8_t *e)
{
	uint32_t high = fat->bits == 32 ? get_le16(e + 20) : 0; /* FAT16 keeps other things there */
	bool directory = e[11] & ATTR_DIRECTORY;

	return (struct fat_file){.cluster = high << 16 | get_le16(e + 26),
	        .size = directory ? 0 : get_le32(e + 28),
	        .is_directory = directory};
}

enum seen { SEEN_OTHER, SEEN_WANTED, SEEN_END };

static enum seen look_at(struct long_name *n, const uint8_t *e, const struct wanted *w)
{
	uint8_t attributes = e[11] & ATTR_MASK;

	if (e[0] == 0)
		return SEEN_END;
	if (e[0] != FREE && attributes == ATTR_LONG) {
		take_part(n, e);
		return SEEN_OTHER;
	}
	bool is_it = e[0] != FREE && !(attributes & ATTR_VOLUME) &&
	             (long_name_is(n, e, w) || short_name_is(e, w));
	n->parts = 0;
	return is_it ? SEEN_WANTED : SEEN_OTHER;
}

/* The entries of one piece of the directory. 1 found, 0 go on, -ENOENT at the end. */
static int search_piece(const struct fat *fat, uint64_t at, uint32_t len, const struct wanted *w,
        struct long_name *n, struct fat_file *ret)
{
	uint8_t block[BLOCK];

	for (uint32_t done = 0; done < len; done += BLOCK) {
		uint32_t n_bytes = len - done < BLOCK ? len - done : BLOCK;
		int r = block_read(fat->dev, at + done, block, n_bytes);
		if (r < 0)
			return r;
		for (uint32_t i = 0; i + ENTRY <= n_bytes; i += ENTRY) {
			enum seen seen = look_at(n, block + i, w);
			if (seen == SEEN_END)
				return -ENOENT;
			if (seen == SEEN_WANTED) {
				*ret = file_of(fat, block + i);
				return 1;
			}
		}
	}
	return 0;
}

static int search(const struct fat *fat, const struct fat_file *directory, const struct wanted *w,
        struct fat_file *ret)
{
	struct fat_chain chain = fat_chain_of(fat, directory, DIRECTORY_MAX);
	struct long_name name = {0};
	uint64_t at;
	uint32_t len;
	int r;

	if (!directory->is_directory)
		return -ENOTDIR;
	while ((r = fat_chain_next(&chain, &at, &len)) == 1) {
		r = search_piece(fat, at, len, w, &name, ret);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return r < 0 ? r : -ENOENT;
}

int fat_find(const struct fat *fat, const char *path, struct fat_file *ret)
{
	struct fat_file file = {.is_directory = true};

	while (*path) {
		struct wanted w = {path, strcspn(path, "\\")};
		path += w.len + (path[w.len] == '\\');
		if (w.len == 0)
			continue;
		struct fat_file next;
		int r = search(fat, &file, &w, &next);
		if (r < 0)
			return r;
		file = next;
	}
	*ret = file;
	return 0;
}
