/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": the name that takes the fewest slips of the fingers. */
#include "appliance/cli/verb.h"

#include <string.h>

#define WORD_MAX 40 /* longer ones are nobody's slip */

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Characters put in, left out, replaced, or swapped with their neighbour. */
static size_t slips(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], len = strlen(b);
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= len; j++)
		last[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		now[0] = i;
		for (size_t j = 1; j <= len; j++) {
			now[j] = least(
			        last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			        before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		size_t *oldest = before;
		before = last;
		last = now;
		now = oldest;
	}
	return last[len];
}

void cli_suggest_add(struct cli_suggestion *s, const char *name)
{
	size_t len = strlen(s->typed);

	if (len > WORD_MAX || strlen(name) > WORD_MAX || len == 0)
		return;
	/* Half a word typed is meant, too: "mach". */
	size_t distance = len >= 3 && strncmp(name, s->typed, len) == 0 ? 1 : slips(s->typed, name);
	if (distance > (len < 5 ? 1 : 2) || (s->nearest && distance >= s->distance))
		return;
	s->nearest = name;
	s->distance = distance;
}
