/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A repair may leave the findings a volume had, and must not add any. Findings are counted by kind
 * and record (those of $Bitmap by clusters): places inside a block move when an entry goes.
 */
#include "tests/ntfscheck/ntfscheck.h"
#include "tests/volumes/corrupt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY 64

struct tally {
	char key[KEY];
	uint64_t amount;
};

struct tallies {
	struct tally *list;
	size_t count;
	char *text; /* all findings */
};

static void tallies_free(struct tallies *t)
{
	free(t->list);
	free(t->text);
}

#define NOT_MARKED "bitmap, not marked"

/* "bitmap: clusters 5 to 9 are nobody's" counts 5. */
static void measure(const char *line, struct tally *ret)
{
	unsigned long first, last, record;
	int end = 0;
	char kind[32];

	*ret = (struct tally){.amount = 1};
	(void)snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(line, ":"), line);
	if (sscanf(line, "bitmap: clusters %lu to %lu %n", &first, &last, &end) == 2) {
		(void)snprintf(ret->key, KEY, "%s",
		        strncmp(line + end, "are nobody's", 12) == 0 ? "bitmap, nobody's"
		                                                     : NOT_MARKED);
		ret->amount = last - first + 1;
	} else if (sscanf(line + strlen(kind), ": record %lu:", &record) == 1) {
		(void)snprintf(ret->key, KEY, "%s %lu", kind, record);
	} else {
		(void)snprintf(ret->key, KEY, "%s", kind);
	}
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct tally *)a)->key, ((const struct tally *)b)->key);
}

static bool take(const uint8_t *volume, size_t size, struct tallies *ret)
{
	struct tallies t = {0};
	size_t len = 0, lines = 0;
	FILE *f = open_memstream(&t.text, &len);

	if (!f)
		return false;
	(void)ntfscheck(volume, size, f);
	if (fclose(f) != 0)
		return false;
	for (const char *c = t.text; *c; c++)
		lines += *c == '\n';
	t.list = calloc(lines + 1, sizeof(*t.list));
	if (!t.list)
		return false;
	for (const char *line = t.text; *line; line = strchr(line, '\n') + 1)
		measure(line, &t.list[t.count++]);
	qsort(t.list, t.count, sizeof(*t.list), by_key);
	/* Equal keys become one. */
	size_t kept = 0;
	for (size_t i = 0; i < t.count; i++) {
		if (kept > 0 && strcmp(t.list[kept - 1].key, t.list[i].key) == 0)
			t.list[kept - 1].amount += t.list[i].amount;
		else
			t.list[kept++] = t.list[i];
	}
	t.count = kept;
	*ret = t;
	return true;
}

/* Whether a file of the plan had clusters that another file has, too. Which of them is right, only
 * a look at every file of the volume can tell: nothing a repair does. */
static bool had_shared_clusters(const char *findings, const struct plan *plan)
{
	unsigned long one, cluster, other;

	for (const char *line = findings; *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "cluster-twice: record %lu: cluster %lu is record %lu", &one,
		            &cluster, &other) != 3)
			continue;
		for (size_t i = 0; i < plan->file_count; i++) {
			uint64_t number = plan->files[i].mft_reference & 0xffffffffffff;
			if (plan->files[i].acted && (number == one || number == other))
				return true;
		}
	}
	return false;
}

static void judge_findings(const struct tallies *before, const struct tallies *after,
        const struct plan *plan, struct corrupt_verdict *v)
{
	for (size_t i = 0; i < after->count; i++) {
		const struct tally *t = &after->list[i];
		const struct tally *old =
		        bsearch(t, before->list, before->count, sizeof(*t), by_key);
		uint64_t was = old ? old->amount : 0;
		if (t->amount <= was)
			continue;
		if (strcmp(t->key, NOT_MARKED) == 0 && had_shared_clusters(before->text, plan)) {
			v->shared = true;
			continue;
		}
		(void)snprintf(v->text, CORRUPT_TEXT,
		        "new finding \"%s\": %ju, before %ju\n--- after\n%.700s", t->key,
		        (uintmax_t)t->amount, (uintmax_t)was, after->text);
		return;
	}
}

/* No entry of the directory leads to the file any more, or only ones with the new name. */
static void judge_file(const char *dump, const struct plan *plan, const struct plan_file *file,
        char text[CORRUPT_TEXT])
{
	char directory[40], entry[48];

	(void)snprintf(directory, sizeof(directory), "%ju-%u index ",
	        (uintmax_t)(file->directory & 0xffffffffffff), (unsigned)(file->directory >> 48));
	(void)snprintf(entry, sizeof(entry), " entry %ju-%u ",
	        (uintmax_t)(file->mft_reference & 0xffffffffffff),
	        (unsigned)(file->mft_reference >> 48));
	for (const char *line = dump; *line; line = strchr(line, '\n') + 1) {
		int len = (int)strcspn(line, "\n");
		const char *at = strstr(line, entry);
		if (strncmp(line, directory, strlen(directory)) != 0 || !at || at > line + len)
			continue;
		const char *created = strstr(at, "\" in ");
		bool renamed = created && strncasecmp(created - 4, ".off", 4) == 0;
		if (plan->kind != PLAN_RENAME || !renamed)
			(void)snprintf(text, CORRUPT_TEXT, "%s is still there: %.*s", file->path,
			        len < 200 ? len : 200, line);
	}
}

static void judge_files(
        const uint8_t *after, size_t size, const struct plan *plan, char text[CORRUPT_TEXT])
{
	char *dump = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&dump, &len);

	if (!f)
		return;
	(void)ntfscheck_dump(after, size, f);
	(void)fclose(f);
	for (size_t i = 0; i < plan->file_count; i++)
		if (plan->files[i].acted)
			judge_file(dump, plan, &plan->files[i], text);
	free(dump);
}

void corrupt_judge(const uint8_t *before, const uint8_t *after, size_t size,
        const struct plan *plan, struct corrupt_verdict *v)
{
	struct tallies old = {0}, new = {0};

	if (take(before, size, &old) && take(after, size, &new))
		judge_findings(&old, &new, plan, v);
	else
		(void)snprintf(v->text, CORRUPT_TEXT, "out of memory");
	if (!v->text[0])
		judge_files(after, size, plan, v->text);
	tallies_free(&old);
	tallies_free(&new);
}
