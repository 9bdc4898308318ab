/* SPDX-License-Identifier: GPL-3.0-or-later */
/* \Windows\System32\drivers\CrowdStrike: the sensor's drivers and its channel files. */
#include "tests/generators/tree.h"
#include "tests/generators/hash.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER        "\\Windows\\System32\\drivers\\CrowdStrike\\"
#define CHANNEL_FILES 200
#define FEW_FILES     20 /* on a small volume */
#define MAX_SIZE      (64 * 1024)

static void fill(struct tree *t, uint8_t *data, size_t size, unsigned channel)
{
	gen_random_bytes(&t->random, data, size);
	put_le32(data, 0xaaaaaaaa);
	put_le16(data + 4, 1);
	put_le16(data + 6, (uint16_t)channel);
}

static int put_good(struct tree *t, uint8_t *data, unsigned channel, unsigned version)
{
	char path[112];
	size_t size = 4096 + gen_random_below(&t->random, 56 * 1024);
	int64_t modified = TREE_JULY - 30 * 86400 + gen_random_below(&t->random, 47 * 86400);

	(void)snprintf(path, sizeof(path), FOLDER "C-%08u-00000000-%08u.sys", channel, version);
	fill(t, data, size, channel);
	return tree_put(t, &(struct gen_file){.path = path,
	                           .data = data,
	                           .size = size,
	                           .created = modified - gen_random_below(&t->random, 120),
	                           .modified = modified,
	                           .attributes = GEN_ATTR_ARCHIVE});
}

/* A file of channel 291 that a test will look at; not in the manifest. */
static int put_291(struct tree *t, uint8_t *data, unsigned version, int64_t modified,
        struct tree_channel_file *ret)
{
	ret->size = 40000 + gen_random_below(&t->random, 1000);
	ret->modified = modified;
	ret->created = modified - 2;
	(void)snprintf(
	        ret->path, sizeof(ret->path), FOLDER "C-00000291-00000000-%08u.sys", version);
	fill(t, data, ret->size, 291);
	gen_sha256(data, ret->size, ret->sha256);
	return gen_ntfs_put(t->ntfs, &(struct gen_file){.path = ret->path,
	                                     .data = data,
	                                     .size = ret->size,
	                                     .created = ret->created,
	                                     .modified = modified,
	                                     .attributes = GEN_ATTR_ARCHIVE});
}

static int put_all(struct tree *t, uint8_t *data)
{
	unsigned wanted = t->volume_size < TREE_SMALL_VOLUME ? FEW_FILES : CHANNEL_FILES;
	unsigned channel = 1, made = 0;
	int r = 0;

	while (made < wanted && r == 0) {
		if (channel != 291) {
			r = put_good(t, data, channel, 1 + gen_random_below(&t->random, 90));
			made++;
		}
		channel += 1 + gen_random_below(&t->random, 4);
	}
	for (unsigned i = 0; i < t->bad_files && r == 0; i++)
		r = put_291(t, data, 32 + i,
		        TREE_BAD_FIRST + i * 480 + gen_random_below(&t->random, 60), &t->bad[i]);
	if (r == 0 && t->good_291) {
		r = put_291(t, data, 32 + t->bad_files, TREE_GOOD_TIME, &t->good);
		if (r == 0)
			r = tree_note(t, t->good.path, data, t->good.size);
	}
	return r;
}

int tree_put_channel_files(struct tree *t)
{
	uint8_t *data = malloc(MAX_SIZE);

	if (!data)
		return -ENOMEM;
	int r = put_all(t, data);
	free(data);
	return r;
}
