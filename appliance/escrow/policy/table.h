/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Things found by a short text (a session, a machine's number, an address): a chained hash table
 * of a fixed number at most. Keyed hashing: whoever chooses the keys cannot choose their places.
 */
#ifndef ESCROW_POLICY_TABLE_H
#define ESCROW_POLICY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_KEY 48 /* with the NUL; longer keys are cut */

/* The first member of what is stored; owned by whoever stores it. */
struct table_node {
	struct table_node *next;
	char key[TABLE_KEY];
};

struct table {
	struct table_node **buckets;
	size_t bucket_count, count, max;
	uint8_t hash_key[16];
};

/* 0 or -ENOMEM. */
int table_init(struct table *t, size_t max);

/* Frees the buckets and, when each is not NULL, every node with it. */
void table_clear(struct table *t, void (*each)(void *node));

/* NULL: not there. */
void *table_find(const struct table *t, const char *key);

/* The key must not be there yet. False: full. */
bool table_insert(struct table *t, struct table_node *node, const char *key);

void table_remove(struct table *t, struct table_node *node);

#endif
