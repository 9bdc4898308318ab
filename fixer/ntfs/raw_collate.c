/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of names in an index, COLLATION_FILE_NAME. */
#include "fixer/ntfs/raw.h"

/* Upper-cased; 0 when the shorter is the beginning of the longer. */
static int compare_folded(
        const uint16_t *upcase, const struct raw_name *a, const struct raw_name *b)
{
	for (size_t i = 0; i < a->len && i < b->len; i++) {
		uint16_t x = upcase[a->units[i]], y = upcase[b->units[i]];
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

int raw_collate(const uint16_t *upcase, const struct raw_name *a, const struct raw_name *b)
{
	int folded = compare_folded(upcase, a, b);

	if (folded != 0)
		return folded;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (size_t i = 0; i < a->len; i++)
		if (a->units[i] != b->units[i])
			return a->units[i] < b->units[i] ? -1 : 1;
	return 0;
}

bool raw_same_folded(const uint16_t *upcase, const struct raw_name *a, const struct raw_name *b)
{
	return a->len == b->len && compare_folded(upcase, a, b) == 0;
}
