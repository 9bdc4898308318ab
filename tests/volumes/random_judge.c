/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a repair may do to a volume, line by line of ntfscheck's dump. From the dump before, what
 * the plan means to change is taken away or changed as the plan means it; what cannot stay the same
 * (times of the directory, the shape of its index) is cut from both; the rest must be the same.
 */
#include "tests/volumes/random.h"
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

/* A file as the dump names it, "number-sequence ", and what the plan leaves of it. */
struct subject {
	char key[40];
	bool stays; /* it has a name in another directory */
};

struct effect {
	enum plan_kind kind;
	size_t count;
	struct subject files[RANDOM_BAD_MAX + 1];
	char directory[40], above[40]; /* keys; above: where the directory's name is */
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

static void make_key(uint64_t reference, char key[40])
{
	(void)snprintf(key, 40, "%ju-%u ", (uintmax_t)(reference & 0xffffffffffff),
	        (unsigned)(reference >> 48));
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* The line without its key. */
static const char *fact(const char *line)
{
	const char *space = strchr(line, ' ');

	return space ? space + 1 : line;
}

/* Whether "in KEY" is in a line that names a file. */
static bool is_in(const char *line, const char *key)
{
	char text[48];

	(void)snprintf(text, sizeof(text), "\" in %s", key);
	return strstr(line, text) != NULL;
}

static struct subject *subject_of(struct effect *e, const char *at)
{
	for (size_t i = 0; i < e->count; i++)
		if (begins(at, e->files[i].key))
			return &e->files[i];
	return NULL;
}

/* From the plan, and from the dump which files have names elsewhere. */
static struct effect learn(const struct plan *plan, const struct dump *before)
{
	struct effect e = {.kind = plan->kind};

	for (size_t i = 0; i < plan->file_count && e.count <= RANDOM_BAD_MAX; i++) {
		if (!plan->files[i].acted)
			continue;
		make_key(plan->files[i].mft_reference, e.files[e.count++].key);
		make_key(plan->files[i].directory, e.directory);
	}
	for (size_t i = 0; i < before->count; i++) {
		const char *line = before->lines[i], *at;
		if (!begins(fact(line), "name "))
			continue;
		struct subject *s = subject_of(&e, line);
		if (s && !is_in(line, e.directory))
			s->stays = true;
		if (begins(line, e.directory) && (at = strstr(line, "\" in ")))
			(void)snprintf(e.above, sizeof(e.above), "%.*s ", (int)strcspn(at + 5, " "),
			        at + 5);
	}
	return e;
}

/* --- what a deletion changes -------------------------------------------------------------------
 */

/* Ends the line before its times. */
static void cut_times(char *line)
{
	char *at = strstr(line, " created ");

	if (at)
		*at = 0;
}

static bool is_index_attribute(const char *what)
{
	return begins(what, "attribute 0x90 ") || begins(what, "attribute 0xa0 ") ||
	       begins(what, "attribute 0xb0 ");
}

/* The directory's own lines. False: the line is not compared. */
static bool directory_line(struct effect *e, char *line, const char *what, bool before)
{
	const char *entry = strstr(what, " entry ");

	if (is_index_attribute(what))
		return false;
	if (begins(what, "standard-information"))
		cut_times(line);
	if (!begins(what, "index ") || !entry || !subject_of(e, entry + 7))
		return true;
	return !before;
}

/* Lines of a file that loses its name in the directory and keeps another. */
static bool staying_line(struct effect *e, char *line, const char *what, bool before)
{
	char *links = strstr(line, " links ");

	if (begins(what, "record ") && links)
		*links = 0;
	if (begins(what, "standard-information"))
		cut_times(line);
	if (begins(what, "extent ") || begins(what, "attribute 0x20 "))
		return false;
	return !(before && begins(what, "name ") && is_in(line, e->directory));
}

/* Of a record that another one continues in: to whom it belongs. */
static struct subject *owner(struct effect *e, const char *line)
{
	const char *base = begins(fact(line), "record ") ? strstr(line, " base ") : NULL;
	char key[40];

	if (!base)
		return NULL;
	(void)snprintf(key, sizeof(key), "%s ", base + 6);
	return subject_of(e, key);
}

static bool deletion_line(struct effect *e, char *line, bool before)
{
	const char *what = fact(line), *entry = strstr(what, " entry ");
	struct subject *own = subject_of(e, line), *of = owner(e, line);

	if (of)
		return of->stays ? false : !before;
	if (own)
		return own->stays ? staying_line(e, line, what, before) : !before;
	if (begins(line, e->directory))
		return directory_line(e, line, what, before);
	if (!entry || !begins(what, "index "))
		return true;
	struct subject *listed = subject_of(e, entry + 7);
	if ((listed && listed->stays) ||
	        (begins(line, e->above) && begins(entry + 7, e->directory)))
		cut_times(line);
	return true;
}

/* The dirty flag, in the value of $VOLUME_INFORMATION: twelve bytes, it is in the eleventh. */
static void mark_dirty(char *line)
{
	if (!begins(line, "3-3 attribute 0x70 "))
		return;
	char *digit = line + strlen(line) - 3; /* the lower half of that byte */
	*digit = "0123456789abcdef"[strtoul((const char[]){*digit, 0}, NULL, 16) | 1];
}

/* --- what a rename changes ---------------------------------------------------------------------
 */

static bool has_lower_case(const char *from, const char *to)
{
	for (; from < to; from++)
		if (*from >= 'a' && *from <= 'z')
			return true;
	return false;
}

/* Puts the new extension into a line that names a renamed file in the directory. */
static void rename_line(struct effect *e, char *line)
{
	const char *entry = strstr(line, " entry ");
	bool is_name = begins(fact(line), "name ") && subject_of(e, line);
	bool is_entry = begins(fact(line), "index ") && entry && begins(line, e->directory) &&
	                subject_of(e, entry + 7);

	if ((!is_name && !is_entry) || !is_in(line, e->directory))
		return;
	char *end = strstr(line, "\" in ");
	char *name = end - 1;
	while (*name != '"')
		name--;
	bool dos = name - line > 5 && strncmp(name - 5, " dos ", 5) == 0;
	memcpy(end - 3, dos || !has_lower_case(name, end) ? "OFF" : "off", 3);
}

/* --- comparing ---------------------------------------------------------------------------------
 */

static void prepare(struct effect *e, struct dump *d, bool before)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++) {
		char *line = d->lines[i];
		bool keep = true;
		if (e->kind == PLAN_DELETE || e->kind == PLAN_REPLAY_DELETE)
			keep = deletion_line(e, line, before);
		if (e->kind == PLAN_REPLAY_DELETE && before)
			mark_dirty(line);
		if (e->kind == PLAN_RENAME && before)
			rename_line(e, line);
		if (keep)
			d->lines[kept++] = line;
	}
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
		struct effect e = learn(plan, &a);
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
