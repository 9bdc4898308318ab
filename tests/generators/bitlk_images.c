/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlk_images.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#define PREFIX   "bitlk-"
#define CONF_MAX 65536

/* A startup key in the archive. */
struct key_file {
	char name[64]; /* "GUID.BEK" */
	uint8_t bytes[256];
	size_t len;
};

/* What stands beside the images. */
struct extras {
	char conf[CONF_MAX];
	size_t count;
	struct key_file keys[BITLK_MAX];
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "dir/bitlk-NAME.img" to NAME. */
static bool image_name(const char *path, char *name, size_t size)
{
	const char *base = base_name(path);
	size_t len = strlen(base);

	if (strncmp(base, PREFIX, strlen(PREFIX)) != 0 || len < 11 ||
	        strcmp(base + len - 4, ".img") != 0)
		return false;
	(void)snprintf(name, size, "%.*s", (int)(len - 10), base + strlen(PREFIX));
	return true;
}

static int unpack(struct archive *a, struct bitlk_image *image, size_t size)
{
	const void *block;
	size_t len;
	la_int64_t offset;
	int r;

	image->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
	        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (image->bytes == MAP_FAILED) {
		image->bytes = NULL;
		return -ENOMEM;
	}
	image->size = size;
	while ((r = archive_read_data_block(a, &block, &len, &offset)) == ARCHIVE_OK) {
		if ((uint64_t)offset > size || len > size - (uint64_t)offset)
			return -EBADMSG;
		memcpy(image->bytes + offset, block, len);
	}
	return r == ARCHIVE_EOF ? 0 : -EBADMSG;
}

static void take_setting(struct bitlk_image *image, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *field;
		size_t size;
	} fields[] = {
	        {"SHA256SUM", image->sha256, sizeof(image->sha256)},
	        {"GUID", image->volume_id, sizeof(image->volume_id)},
	        {"RP", image->password[0], sizeof(image->password[0])},
	        {"RP2", image->password[1], sizeof(image->password[1])},
	        {"RP_VMK_GUID", image->protector[0], sizeof(image->protector[0])},
	        {"RP2_VMK_GUID", image->protector[1], sizeof(image->protector[1])},
	        {"PW", image->passphrase, sizeof(image->passphrase)},
	        {"PW_VMK_GUID", image->passphrase_protector, sizeof(image->passphrase_protector)},
	        {"SK_VMK_GUID", image->startup_key_protector, sizeof(image->startup_key_protector)},
	        {"CLEARKEY_VMK_GUID", image->clear_key_protector,
	                sizeof(image->clear_key_protector)},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strcmp(fields[i].key, key) == 0)
			(void)snprintf(fields[i].field, fields[i].size, "%s", value);
}

static int take_settings(struct bitlk_images *set, char *text)
{
	struct bitlk_image *image = NULL;

	for (char *line; (line = strsep(&text, "\r\n"));) {
		char *value = strchr(line, '=');
		size_t len = strlen(line);
		if (line[0] == '[' && len > 8) {
			line[len - 1] = 0;
			image = bitlk_image_find(set, line + 1 + strlen(PREFIX));
			if (!image)
				return -EBADMSG;
		} else if (value && image) {
			*value++ = 0;
			take_setting(image, line, value);
		}
	}
	return 0;
}

static int read_key_file(struct archive *a, const char *name, struct extras *x)
{
	if (x->count == BITLK_MAX)
		return -EBADMSG;
	struct key_file *key = &x->keys[x->count++];
	(void)snprintf(key->name, sizeof(key->name), "%s", name);
	la_ssize_t len = archive_read_data(a, key->bytes, sizeof(key->bytes));
	if (len <= 0)
		return -EBADMSG;
	key->len = (size_t)len;
	return 0;
}

/* Gives each image the file that is named after its startup key protector. */
static void take_key_files(struct bitlk_images *set, const struct extras *x)
{
	for (size_t i = 0; i < set->count; i++) {
		struct bitlk_image *image = &set->images[i];
		for (size_t k = 0; k < x->count; k++) {
			const struct key_file *key = &x->keys[k];
			if (strncasecmp(key->name, image->startup_key_protector, 36) != 0)
				continue;
			memcpy(image->startup_key, key->bytes, key->len);
			image->startup_key_len = key->len;
		}
	}
}

static int read_archive(struct archive *a, struct bitlk_images *set, struct extras *x)
{
	struct archive_entry *entry;
	int r;

	while ((r = archive_read_next_header(a, &entry)) == ARCHIVE_OK) {
		const char *path = archive_entry_pathname(entry);
		char name[64];
		if (strstr(path, "images.conf")) {
			if (archive_read_data(a, x->conf, CONF_MAX - 1) <= 0)
				return -EBADMSG;
		} else if (strstr(path, ".BEK")) {
			if (read_key_file(a, base_name(path), x) < 0)
				return -EBADMSG;
		} else if (image_name(path, name, sizeof(name))) {
			if (set->count == BITLK_MAX)
				return -EBADMSG;
			struct bitlk_image *image = &set->images[set->count++];
			(void)snprintf(image->name, sizeof(image->name), "%s", name);
			if (unpack(a, image, (size_t)archive_entry_size(entry)) < 0)
				return -EBADMSG;
		}
	}
	return r == ARCHIVE_EOF ? 0 : -EBADMSG;
}

int bitlk_images_load(struct bitlk_images *ret)
{
	struct extras *x;
	struct archive *a;

	*ret = (struct bitlk_images){0};
	if (access(BITLK_ARCHIVE, R_OK) < 0)
		return -ENOENT;
	x = calloc(1, sizeof(*x));
	a = archive_read_new();
	if (!x || !a) {
		archive_read_free(a);
		free(x);
		return -ENOMEM;
	}
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_format_tar(a);
	int r = -EBADMSG;
	if (archive_read_open_filename(a, BITLK_ARCHIVE, 65536) == ARCHIVE_OK)
		r = read_archive(a, ret, x);
	if (r == 0)
		r = take_settings(ret, x->conf);
	if (r == 0)
		take_key_files(ret, x);
	archive_read_free(a);
	free(x);
	if (r < 0)
		bitlk_images_free(ret);
	return r;
}

void bitlk_images_free(struct bitlk_images *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->images[i].bytes)
			(void)munmap(set->images[i].bytes, set->images[i].size);
	*set = (struct bitlk_images){0};
}

struct bitlk_image *bitlk_image_find(struct bitlk_images *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->images[i].name, name) == 0)
			return &set->images[i];
	return NULL;
}
