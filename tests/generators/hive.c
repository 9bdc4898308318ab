/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libhivex changes hives but makes none: an empty one is written here, with a root key and a
 * security descriptor, and the library adds the rest. Layout: the library's own documentation, and
 * msuhanov, "Windows registry file format specification".
 */
#include "tests/generators/hive.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <hivex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define BASE_BLOCK 4096
#define BIN_HEADER 32
#define ROOT_CELL  BIN_HEADER /* offsets count from the end of the base block */
#define ROOT_SIZE  88
#define SK_CELL    (ROOT_CELL + ROOT_SIZE)
#define SK_SIZE    48
#define FREE_CELL  (SK_CELL + SK_SIZE)
#define NONE       UINT32_MAX
#define HEX        "hex:"

static uint32_t used_cell(uint32_t size)
{
	return -size;
}

static void put_root(uint8_t *cell, uint64_t filetime)
{
	put_le32(cell, used_cell(ROOT_SIZE));
	memcpy(cell + 4, "nk", 2);
	put_le16(cell + 6, 0x2c); /* root of a hive, not to be deleted, name in one byte each */
	put_le64(cell + 8, filetime);
	put_le32(cell + 20, NONE); /* parent */
	put_le32(cell + 32, NONE); /* subkeys, and volatile ones */
	put_le32(cell + 36, NONE);
	put_le32(cell + 44, NONE); /* values */
	put_le32(cell + 48, SK_CELL);
	put_le32(cell + 52, NONE); /* class */
	put_le16(cell + 76, 4);
	memcpy(cell + 80, "ROOT", 4);
}

/* A security descriptor that says nothing: revision 1, self-relative, no owner and no lists. */
static void put_security(uint8_t *cell)
{
	put_le32(cell, used_cell(SK_SIZE));
	memcpy(cell + 4, "sk", 2);
	put_le32(cell + 8, SK_CELL); /* a ring of one */
	put_le32(cell + 12, SK_CELL);
	put_le32(cell + 16, 1);
	put_le32(cell + 20, 20);
	cell[24] = 1;
	put_le16(cell + 26, 0x8000);
}

void gen_hive_stamp(uint8_t *hive, const char *name, uint32_t sequence_1, uint32_t sequence_2)
{
	uint32_t checksum = 0;

	put_le32(hive + 4, sequence_1);
	put_le32(hive + 8, sequence_2);
	for (size_t i = 0; name[i] && i < 31; i++)
		hive[48 + 2 * i] = (uint8_t)name[i];
	for (size_t i = 0; i < 508; i += 4)
		checksum ^= get_le32(hive + i);
	put_le32(hive + 508, checksum);
}

/* One bin with the root key and free space. */
static int put_empty(uint64_t filetime, const uint8_t *fill, size_t free_space, struct buffer *out)
{
	size_t bin = (FREE_CELL + free_space + 4095) / 4096 * 4096;
	CLEANUP_FREE uint8_t *hive = calloc(1, BASE_BLOCK + bin);

	if (!hive)
		return -ENOMEM;
	memcpy(hive, "regf", 4);
	put_le64(hive + 12, filetime);
	put_le32(hive + 20, 1); /* version 1.5 */
	put_le32(hive + 24, 5);
	put_le32(hive + 32, 1);
	put_le32(hive + 36, ROOT_CELL);
	put_le32(hive + 40, (uint32_t)bin);
	put_le32(hive + 44, 1);
	gen_hive_stamp(hive, "", 1, 1);
	uint8_t *first = hive + BASE_BLOCK;
	memcpy(first, "hbin", 4);
	put_le32(first + 8, (uint32_t)bin);
	put_le64(first + 20, filetime);
	put_root(first + ROOT_CELL, filetime);
	put_security(first + SK_CELL);
	put_le32(first + FREE_CELL, (uint32_t)(bin - FREE_CELL));
	if (fill && free_space > 4)
		memcpy(first + FREE_CELL + 4, fill, free_space - 4);
	return buffer_append(out, hive, BASE_BLOCK + bin);
}

/* The key at path, made where it is missing; 0 when that fails. */
static hive_node_h make_key(hive_h *h, const char *path)
{
	char name[64];
	hive_node_h node = hivex_root(h);

	while (node && *path) {
		size_t len = strcspn(path, "\\");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, path);
		path += len + (path[len] == '\\');
		hive_node_h child = hivex_node_get_child(h, node, name);
		node = child ? child : hivex_node_add_child(h, node, name);
	}
	return node;
}

static int set_value(hive_h *h, const struct gen_hive_value *v)
{
	char key[64], data[512] = "";
	hive_set_value set = {.key = key, .t = hive_t_REG_DWORD, .len = 4, .value = data};
	hive_node_h node = make_key(h, v->key);

	(void)snprintf(key, sizeof(key), "%s", v->name);
	put_le32(data, v->number);
	if (v->text && strncmp(v->text, HEX, strlen(HEX)) == 0) {
		set.t = hive_t_REG_BINARY;
		set.len = strlen(v->text + strlen(HEX)) / 2;
		if (hex_decode(v->text + strlen(HEX), data, set.len) < 0)
			return -EINVAL;
	} else if (v->text) {
		set.t = strchr(v->text, '%') ? hive_t_REG_EXPAND_SZ : hive_t_REG_SZ;
		set.len = 2 * strlen(v->text) + 2; /* ASCII */
		if (set.len > sizeof(data))
			return -EINVAL;
		memset(data, 0, sizeof(data));
		for (size_t i = 0; v->text[i]; i++)
			data[2 * i] = v->text[i];
	}
	return node && hivex_node_set_value(h, node, &set, 0) == 0 ? 0 : -EIO;
}

/* The library works on files: fd is one in memory. */
static int fill_in(int fd, const struct gen_hive_value *values, size_t count)
{
	char path[32];
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	hive_h *h = hivex_open(path, HIVEX_OPEN_WRITE);
	if (!h)
		return -EIO;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = set_value(h, &values[i]);
	if (r == 0 && hivex_commit(h, path, 0) < 0)
		r = -EIO;
	(void)hivex_close(h);
	return r;
}

static int read_back(int fd, struct buffer *out)
{
	uint8_t piece[65536];
	ssize_t n;
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;

	while (r == 0 && (n = read(fd, piece, sizeof(piece))) != 0)
		r = n < 0 ? -errno : buffer_append(out, piece, (size_t)n);
	return r;
}

int gen_hive_make(const struct gen_hive_value *values, size_t count, int64_t when,
        const uint8_t *fill, size_t free_space, struct buffer *out)
{
	struct buffer empty;
	CLEANUP_CLOSE int fd = memfd_create("hive", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	buffer_init(&empty, free_space + 2 * BASE_BLOCK + FREE_CELL);
	int r = put_empty(filetime_from_ns(when * 1000000000ll), fill, free_space, &empty);
	if (r == 0 && write(fd, empty.data, empty.len) != (ssize_t)empty.len)
		r = -EIO;
	buffer_free(&empty);
	if (r == 0)
		r = fill_in(fd, values, count);
	return r < 0 ? r : read_back(fd, out);
}
