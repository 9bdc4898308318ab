/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A repaired volume is judged by ntfscheck, and by its dump against the dump before. */
#include "tests/volumes/random_effect.h"
#include "tests/ntfscheck/ntfscheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 8 /* lines of a difference */

struct dump {
	char *text;
	size_t len, count;
	char **lines;
};

static void dump_free(struct dump *d)
{
	free(d->text);
	free(d->lines);
}

static bool dump_take(const struct snapshot *s, struct dump *ret)
{
	struct dump d = {0};
	FILE *out = open_memstream(&d.text, &d.len);

	if (!out)
		return false;
	(void)ntfscheck_dump(s->bytes, s->size, out);
	if (fclose(out) != 0)
		return false;
	for (const char *c = d.text; *c; c++)
		d.count += *c == '\n';
	d.lines = calloc(d.count + 1, sizeof(char *));
	if (!d.lines)
		return false;
	char *rest = d.text;
	for (size_t i = 0; i < d.count; i++)
		d.lines[i] = strsep(&rest, "\n");
	*ret = d;
	return true;
}

static void prepare(struct effect *e, struct dump *d, bool before)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++)
		if (effect_apply(e, d->lines[i], before))
			d->lines[kept++] = d->lines[i];
	d->count = kept;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void tell(struct judgement *j, const char *mark, const char *line)
{
	size_t used = strlen(j->text);

	(void)snprintf(j->text + used, sizeof(j->text) - used, "%s%.220s\n", mark, line);
}

static bool same(struct dump *a, struct dump *b, struct judgement *j)
{
	size_t i = 0, k = 0, differ = 0;

	qsort(a->lines, a->count, sizeof(char *), by_text);
	qsort(b->lines, b->count, sizeof(char *), by_text);
	while (i < a->count || k < b->count) {
		int order = i == a->count   ? 1
		            : k == b->count ? -1
		                            : strcmp(a->lines[i], b->lines[k]);
		if (order != 0 && differ++ < SHOWN)
			tell(j, order < 0 ? "- " : "+ ", order < 0 ? a->lines[i] : b->lines[k]);
		i += order <= 0;
		k += order >= 0;
	}
	return differ == 0;
}

bool judge_effect(const struct snapshot *before, const struct snapshot *after,
        const struct plan *plan, struct judgement *j)
{
	struct dump a = {0}, b = {0};
	bool fine = dump_take(before, &a) && dump_take(after, &b);

	if (fine) {
		struct effect e = effect_learn(plan, a.lines, a.count);
		prepare(&e, &a, true);
		prepare(&e, &b, false);
		fine = same(&a, &b, j);
	}
	dump_free(&a);
	dump_free(&b);
	return fine;
}

bool judge_check(const struct snapshot *s, const char *when, struct judgement *j)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return false;
	int findings = ntfscheck(s->bytes, s->size, out);
	(void)fclose(out);
	if (findings != 0) {
		tell(j, when, "");
		tell(j, "", text);
	}
	free(text);
	return findings == 0;
}
