/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Contents of the recovery partition and of a data disk, and what all trees share. */
#include "tests/generators/tree.h"
#include "tests/generators/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tree_note(struct tree *t, const char *path, const void *data, size_t size)
{
	char hash[GEN_SHA256_HEX];

	gen_sha256(data, size, hash);
	size_t start = t->manifest.len + sizeof(hash) + 1;
	int r = buffer_printf(&t->manifest, "%s  %s\n", hash, path + 1);
	for (size_t i = start; r == 0 && i < t->manifest.len; i++)
		if (t->manifest.data[i] == '\\')
			t->manifest.data[i] = '/';
	return r;
}

int tree_put(struct tree *t, const struct gen_file *file)
{
	int r = gen_ntfs_put(t->ntfs, file);

	if (r == 0)
		r = tree_note(t, file->path, file->data, file->size);
	t->made++;
	return r;
}

void tree_free(struct tree *t)
{
	buffer_free(&t->manifest);
}

static int put_random(struct tree *t, const char *path, size_t size)
{
	uint8_t *data = malloc(size);

	if (!data)
		return -ENOMEM;
	gen_random_bytes(&t->random, data, size);
	int r = tree_put(t, &(struct gen_file){.path = path,
	                            .data = data,
	                            .size = size,
	                            .created = TREE_JULY,
	                            .modified = TREE_JULY,
	                            .attributes = GEN_ATTR_ARCHIVE});
	free(data);
	return r;
}

int tree_make_recovery(struct tree *t)
{
	gen_random_init(&t->random, t->seed, "recovery");
	buffer_init(&t->manifest, 1024 * 1024);
	int r = put_random(t, "\\Recovery\\WindowsRE\\Winre.wim", 256 * 1024);
	if (r == 0)
		r = put_random(t, "\\Recovery\\WindowsRE\\boot.sdi", 16 * 1024);
	if (r == 0)
		r = gen_ntfs_settle(t->ntfs, TREE_JULY);
	return r;
}

int tree_make_data(struct tree *t)
{
	char path[64];
	int r = 0;

	gen_random_init(&t->random, t->seed, "data");
	buffer_init(&t->manifest, 16 * 1024 * 1024);
	for (unsigned i = 0; i < t->files && r == 0; i++) {
		(void)snprintf(path, sizeof(path), "\\Archive\\%04u\\Record %06u.dat", i / 100, i);
		r = put_random(t, path, 64 + gen_random_below(&t->random, 16 * 1024));
	}
	if (r == 0)
		r = gen_ntfs_settle(t->ntfs, TREE_LAST_DAY);
	return r;
}
