/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The allocation table: which cluster follows which. */
#include "fixer/base/bytes.h"
#include "fixer/fat/fat.h"

#include <errno.h>

#define FIRST_CLUSTER 2

/* What the table says after cluster, which is one of the volume: a number, or a mark. */
static int table_entry(const struct fat *fat, uint32_t cluster, uint32_t *ret)
{
	uint8_t raw[4] = {0};
	uint64_t at = fat->table + (uint64_t)cluster * fat->bits / 8;

	int r = block_read(fat->dev, at, raw, fat->bits == 32 ? 4 : 2);
	if (r < 0)
		return r;
	uint32_t entry = get_le32(raw);
	if (fat->bits == 12) /* two entries share the byte in the middle */
		entry = cluster & 1 ? entry >> 4 : entry & 0xfff;
	*ret = fat->bits == 32 ? entry & 0x0fffffff : entry;
	return 0;
}

static bool is_end(const struct fat *fat, uint32_t entry)
{
	uint32_t marks = fat->bits == 32 ? 0x0ffffff8 : fat->bits == 16 ? 0xfff8 : 0xff8;

	return entry >= marks;
}

static bool is_cluster(const struct fat *fat, uint32_t n)
{
	return n >= FIRST_CLUSTER && n - FIRST_CLUSTER < fat->clusters;
}

struct fat_chain fat_chain_of(const struct fat *fat, const struct fat_file *file, uint64_t max)
{
	struct fat_chain c = {.fat = fat, .cluster = file->cluster, .left = max};

	if (file->cluster == 0 && file->is_directory && fat->bits == 32) {
		c.cluster = fat->root_cluster;
	} else if (file->cluster == 0 && file->is_directory) {
		c.at = fat->root;
		c.len = fat->root_len;
	}
	return c;
}

static uint32_t give(struct fat_chain *c, uint64_t len)
{
	uint64_t given = len < c->left ? len : c->left;

	c->left -= given;
	return (uint32_t)given;
}

int fat_chain_next(struct fat_chain *chain, uint64_t *ret_at, uint32_t *ret_len)
{
	const struct fat *fat = chain->fat;
	uint32_t next = 0;

	if (chain->left > 0 && chain->len > 0) {
		*ret_at = chain->at;
		*ret_len = give(chain, chain->len);
		chain->len = 0;
		return 1;
	}
	if (chain->left == 0 || chain->cluster == 0)
		return 0;
	if (!is_cluster(fat, chain->cluster))
		return -EBADMSG;
	*ret_at = fat->data + (uint64_t)(chain->cluster - FIRST_CLUSTER) * fat->cluster;
	*ret_len = give(chain, fat->cluster);
	if (chain->left == 0)
		return 1;
	int r = table_entry(fat, chain->cluster, &next);
	if (r < 0)
		return r;
	if (!is_end(fat, next) && !is_cluster(fat, next))
		return -EBADMSG;
	chain->cluster = is_end(fat, next) ? 0 : next;
	return 1;
}

int fat_read(const struct fat *fat, const struct fat_file *file, void *out, size_t size)
{
	struct fat_chain chain = fat_chain_of(fat, file, file->size);
	uint8_t *to = out;
	uint64_t at;
	uint32_t len, done = 0;
	int r;

	if (file->is_directory)
		return -EISDIR;
	if (file->size > size)
		return -EFBIG;
	while ((r = fat_chain_next(&chain, &at, &len)) == 1) {
		r = block_read(fat->dev, at, to + done, len);
		if (r < 0)
			return r;
		done += len;
	}
	if (r < 0)
		return r;
	return done == file->size ? 0 : -EBADMSG;
}
