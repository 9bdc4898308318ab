/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/volumes/random_effect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct effect effect_learn(const struct plan *plan, char *const *lines, size_t count)
{
	struct effect e = {.kind = plan->kind};

	for (size_t i = 0; i < plan->file_count && e.count <= RANDOM_BAD_MAX; i++) {
		if (!plan->files[i].acted)
			continue;
		make_key(plan->files[i].mft_reference, e.files[e.count++].key);
		make_key(plan->files[i].directory, e.directory);
	}
	for (size_t i = 0; i < count; i++) {
		const char *line = lines[i], *at;
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

bool effect_apply(struct effect *e, char *line, bool before)
{
	if (e->kind == PLAN_REPLAY_DELETE && before)
		mark_dirty(line);
	if (e->kind == PLAN_RENAME && before)
		rename_line(e, line);
	return e->kind == PLAN_RENAME || deletion_line(e, line, before);
}
