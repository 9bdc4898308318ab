/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/table.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int table_init(struct table *t, size_t max)
{
	size_t buckets = 16;

	while (buckets < max)
		buckets *= 2;
	*t = (struct table){.bucket_count = buckets, .max = max};
	t->buckets = calloc(buckets, sizeof(struct table_node *));
	randombytes_buf(t->hash_key, sizeof(t->hash_key));
	return t->buckets ? 0 : -ENOMEM;
}

void table_clear(struct table *t, void (*each)(void *node))
{
	for (size_t i = 0; each && t->buckets && i < t->bucket_count; i++) {
		struct table_node *next;
		for (struct table_node *node = t->buckets[i]; node; node = next) {
			next = node->next;
			each(node);
		}
	}
	free(t->buckets);
	*t = (struct table){0};
}

static struct table_node **bucket_of(const struct table *t, const char *key)
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, (const uint8_t *)key, strnlen(key, TABLE_KEY - 1), t->hash_key);
	return &t->buckets[get_le64(hash) & (t->bucket_count - 1)];
}

void *table_find(const struct table *t, const char *key)
{
	for (struct table_node *node = *bucket_of(t, key); node; node = node->next)
		if (strncmp(node->key, key, TABLE_KEY - 1) == 0)
			return node;
	return NULL;
}

bool table_insert(struct table *t, struct table_node *node, const char *key)
{
	struct table_node **bucket = bucket_of(t, key);

	if (t->count >= t->max)
		return false;
	(void)snprintf(node->key, sizeof(node->key), "%s", key);
	node->next = *bucket;
	*bucket = node;
	t->count++;
	return true;
}

void table_remove(struct table *t, struct table_node *node)
{
	for (struct table_node **at = bucket_of(t, node->key); *at; at = &(*at)->next) {
		if (*at != node)
			continue;
		*at = node->next;
		t->count--;
		return;
	}
}
