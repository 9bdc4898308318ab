/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/hive.h"
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <hivex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PIECE       (1024 * 1024)
#define VALUE_BYTES 4096 /* no value wanted here comes near it */

/* Of the base block: "regf", then two counters that are equal when all of it was written. */
#define SEQUENCE_1 4
#define SEQUENCE_2 8

int hive_scratch(void)
{
	int fd = memfd_create("hive", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, HIVE_MAX) < 0) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	return fd < 0 ? -errno : fd;
}

/* Where the bytes of a hive come from: a file of a view, or memory. */
struct source {
	struct ntfs_view *view; /* NULL: memory */
	uint64_t reference;
	const uint8_t *bytes;
	size_t size; /* at most HIVE_MAX */
};

static int copy_hive(const struct source *from, uint8_t *to)
{
	int r = 0;

	if (!from->view) {
		memcpy(to, from->bytes, from->size);
		return 0;
	}
	for (size_t at = 0; r == 0 && at < from->size; at += PIECE) {
		size_t left = from->size - at;
		r = ntfs_file_read(
		        from->view, from->reference, at, to + at, left < PIECE ? left : PIECE);
	}
	return r;
}

/* Through a mapping, because the sandbox's limit on file sizes is zero. What an earlier hive left
 * is dropped first. */
static int fill_scratch(const struct source *from, int scratch, bool *ret_dirty)
{
	uint8_t *map = mmap(NULL, HIVE_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, scratch, 0);

	if (map == MAP_FAILED)
		return -errno;
	int r = madvise(map, HIVE_MAX, MADV_REMOVE) < 0 ? -errno : copy_hive(from, map);
	if (r == 0)
		*ret_dirty = get_le32(map + SEQUENCE_1) != get_le32(map + SEQUENCE_2);
	(void)munmap(map, HIVE_MAX);
	return r;
}

static int open_scratch(int scratch, struct hive_h **ret)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", scratch);
	hive_h *hive = hivex_open(path, 0);
	if (!hive && errno == ENOMEM)
		return -ENOMEM;
	if (!hive)
		return errno == ENOENT ? -EIO : -EBADMSG; /* no /proc; not a hive, or damaged */
	*ret = hive;
	return 0;
}

int hive_open(struct ntfs_view *view, uint64_t root, const char *path, int scratch,
        struct hive_h **ret, bool *ret_dirty)
{
	struct ntfs_file file;
	uint64_t ref;

	int r = ntfs_resolve(view, root, path, &ref);
	if (r == 0)
		r = ntfs_file_stat(view, ref, &file);
	if (r < 0)
		return r;
	if (file.is_directory)
		return -ENOENT;
	if (file.size > HIVE_MAX)
		return -EFBIG;
	const struct source from = {
	        .view = view, .reference = file.reference, .size = (size_t)file.size};
	r = fill_scratch(&from, scratch, ret_dirty);
	return r < 0 ? r : open_scratch(scratch, ret);
}

int hive_open_bytes(
        const void *bytes, size_t len, int scratch, struct hive_h **ret, bool *ret_dirty)
{
	const struct source from = {.bytes = bytes, .size = len};

	if (len > HIVE_MAX)
		return -EFBIG;
	int r = fill_scratch(&from, scratch, ret_dirty);
	return r < 0 ? r : open_scratch(scratch, ret);
}

void hive_close(struct hive_h *hive)
{
	if (hive)
		(void)hivex_close(hive);
}

/* What the library's errno means here: it says "no such key" with 0 or HIVEX_NO_KEY. */
static int hive_errno(void)
{
	return errno == 0 || errno == ENOENT || errno == HIVEX_NO_KEY ? -ENOENT : -EBADMSG;
}

static int find_key(struct hive_h *hive, const char *path, hive_node_h *ret)
{
	char name[64];

	errno = 0;
	hive_node_h node = hivex_root(hive);
	while (node != 0 && *path) {
		size_t len = strcspn(path, "\\");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, path);
		path += len + (path[len] == '\\');
		errno = 0;
		node = hivex_node_get_child(hive, node, name);
	}
	if (node == 0)
		return hive_errno();
	*ret = node;
	return 0;
}

/* The value's bytes, malloc()ed. */
static int read_value(struct hive_h *hive, const char *path, const char *name, hive_type *ret_type,
        uint8_t **ret, size_t *ret_len)
{
	hive_node_h node;
	int r = find_key(hive, path, &node);

	if (r < 0)
		return r;
	errno = 0;
	hive_value_h value = hivex_node_get_value(hive, node, name);
	if (value == 0)
		return hive_errno();
	if (hivex_value_type(hive, value, ret_type, ret_len) < 0 || *ret_len > VALUE_BYTES)
		return -EBADMSG;
	*ret = (uint8_t *)hivex_value_value(hive, value, ret_type, ret_len);
	return *ret ? 0 : -EBADMSG;
}

int hive_text(struct hive_h *hive, const char *path, const char *name, char *out, size_t size)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	hive_type type;
	size_t len;
	int r = read_value(hive, path, name, &type, &bytes, &len);

	if (r < 0)
		return r;
	if (type != hive_t_REG_SZ && type != hive_t_REG_EXPAND_SZ)
		return -EBADMSG;
	CLEANUP_FREE char *text = utf16_to_utf8(bytes, len / 2);
	if (!text)
		return -ENOMEM;
	text_clean(out, size, text);
	return 0;
}

int hive_number(struct hive_h *hive, const char *path, const char *name, uint32_t *ret)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	hive_type type;
	size_t len;
	int r = read_value(hive, path, name, &type, &bytes, &len);

	if (r < 0)
		return r;
	if (type != hive_t_REG_DWORD || len != 4)
		return -EBADMSG;
	*ret = get_le32(bytes);
	return 0;
}

int hive_binary(struct hive_h *hive, const char *path, const char *name, void *out, size_t size,
        size_t *ret_len)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	hive_type type;
	size_t len;
	int r = read_value(hive, path, name, &type, &bytes, &len);

	if (r < 0)
		return r;
	if (type != hive_t_REG_BINARY || len > size)
		return -EBADMSG;
	memcpy(out, bytes, len);
	*ret_len = len;
	return 0;
}
