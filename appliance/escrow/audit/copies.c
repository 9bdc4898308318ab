/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/copies.h"
#include "appliance/escrow/audit/copy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct copied {
	uint64_t n;
	char hash[AUDIT_HASH];
};

struct copies {
	size_t count, room;
	struct copied *list; /* by n */
};

static int add(struct copies *c, uint64_t n, const char *hash)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 1024;
		struct copied *list = reallocarray(c->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		c->list = list;
		c->room = room;
	}
	c->list[c->count].n = n;
	memcpy(c->list[c->count++].hash, hash, AUDIT_HASH);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct copied *x = a, *y = b;

	return x->n < y->n ? -1 : x->n > y->n;
}

int copies_read(FILE *in, struct copies **ret, struct error *err)
{
	struct copies *c CLEANUP_COPIES = calloc(1, sizeof(*c));
	char *line CLEANUP_FREE = NULL, hash[AUDIT_HASH];
	size_t size = 0;
	uint64_t n;
	int r = c ? 0 : -ENOMEM;

	while (r == 0 && getline(&line, &size, in) > 0)
		if (copy_find(line, &n, hash))
			r = add(c, n, hash);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory for the copies");
	if (c->count == 0)
		return error_set(err, -ENODATA, REASON_USAGE,
		        "no line of the file to compare with is a copy of an audit record");
	qsort(c->list, c->count, sizeof(*c->list), by_number);
	*ret = c;
	c = NULL;
	return 0;
}

void copies_free(struct copies *c)
{
	free(c->list);
	free(c);
}

enum copies_say copies_compare(const struct copies *c, uint64_t n, const char hash[AUDIT_HASH])
{
	size_t low = 0, high = c ? c->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c->list[middle].n < n)
			low = middle + 1;
		else
			high = middle;
	}
	if (!c || low == c->count || c->list[low].n != n)
		return COPIES_NONE;
	for (; low < c->count && c->list[low].n == n; low++)
		if (strcmp(c->list[low].hash, hash) != 0)
			return COPIES_OTHER;
	return COPIES_SAME;
}

uint64_t copies_last(const struct copies *c)
{
	return c->list[c->count - 1].n;
}
