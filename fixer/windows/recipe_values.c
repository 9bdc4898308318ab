/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a recipe and what each value may be. */
#include "fixer/base/text.h"
#include "fixer/windows/recipe_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(const char *v, const char *forbidden)
{
	for (const char *c = v; *c; c++)
		if (*c < 0x20 || *c > 0x7e || strchr(forbidden, *c))
			return false;
	return *v != 0;
}

static int set_text(struct parser *p, char *dst, size_t size, const char *v)
{
	if (strlen(v) >= size)
		return recipe_fail(p, "value too long", v);
	(void)snprintf(dst, size, "%s", v);
	return 0;
}

static int set_name(struct parser *p, const char *v)
{
	if (!is_plain(v, " \"'<>&\\/"))
		return recipe_fail(p, "name is not a plain word", v);
	return set_text(p, p->recipe.name, sizeof(p->recipe.name), v);
}

/* A whole number in decimal; nothing else, so that a sign or a unit is not half read. */
static int set_number(struct parser *p, uint64_t max, uint64_t *dst, const char *v)
{
	size_t digits = strspn(v, "0123456789");

	errno = 0;
	uint64_t n = strtoull(v, NULL, 10);
	if (digits == 0 || v[digits] || errno == ERANGE || n > max)
		return recipe_fail(p, "not a whole number in range:", v);
	*dst = n;
	return 0;
}

static int set_version(struct parser *p, const char *v)
{
	uint64_t n = 0;

	if (set_number(p, 1000000000, &n, v) < 0)
		return -EINVAL;
	if (n == 0)
		return recipe_fail(p, "version counts from 1", "");
	p->recipe.version = (unsigned)n;
	return 0;
}

static int set_title(struct parser *p, const char *v)
{
	if (!*v)
		return recipe_fail(p, "title is empty; leave it out or say something", "");
	if (strchr(v, '\t'))
		return recipe_fail(p, "title has a tab in it; write a blank", "");
	return set_text(p, p->recipe.title, sizeof(p->recipe.title), v);
}

static int set_path(struct parser *p, const char *v)
{
	int r = recipe_check_path(p, v);

	return r < 0 ? r : set_text(p, p->match->path, sizeof(p->match->path), v);
}

static int set_glob(struct parser *p, const char *v)
{
	int r = recipe_check_glob(p, v);

	p->glob_lines[p->recipe.match_count - 1] = p->line;
	return r < 0 ? r : set_text(p, p->match->glob, sizeof(p->match->glob), v);
}

static int set_time(struct parser *p, int64_t *dst, const char *v)
{
	if (iso8601_parse(v, dst) < 0)
		return recipe_fail(p, "not a time like 2024-07-19T04:09:00Z:", v);
	if (*dst < 0 || *dst > INT64_MAX / 1000000000)
		return recipe_fail(p, "not a time from 1970 to 2262:", v);
	return 0;
}

static int set_modified_from(struct parser *p, const char *v)
{
	return set_time(p, &p->match->modified_from, v);
}

static int set_modified_to(struct parser *p, const char *v)
{
	return set_time(p, &p->match->modified_to, v);
}

static int set_size_from(struct parser *p, const char *v)
{
	return set_number(p, INT64_MAX, &p->match->size_min, v);
}

static int set_size_to(struct parser *p, const char *v)
{
	return set_number(p, INT64_MAX, &p->match->size_max, v);
}

/* Digits in pairs, blanks between the pairs as people write them. */
static int set_header(struct parser *p, const char *v)
{
	struct recipe_match *m = p->match;
	char pair[3] = "";

	for (m->header_len = 0; *v; m->header_len++) {
		if (m->header_len == RECIPE_HEADER_MAX)
			return recipe_fail(p, "header longer than 64 bytes", "");
		pair[0] = v[0];
		pair[1] = v[1];
		if (hex_decode(pair, &m->header[m->header_len], 1) < 0)
			return recipe_fail(p, "not bytes like AA AA 01 00:", v);
		v += 2;
		v += strspn(v, " ");
	}
	return m->header_len > 0 ? 0 : recipe_fail(p, "header without bytes", "");
}

static int set_sha256(struct parser *p, const char *v)
{
	if (hex_decode(v, p->match->sha256, sizeof(p->match->sha256)) < 0)
		return recipe_fail(p, "not a SHA-256 of 64 digits:", v);
	p->match->has_sha256 = true;
	return 0;
}

static int pick(struct parser *p, const char *const *words, const char *v, unsigned *ret)
{
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(v, words[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return recipe_fail(p, "value not known", v);
}

static int set_outside(struct parser *p, const char *v)
{
	static const char *const words[] = {"skip", "act", NULL};
	unsigned i = 0;

	if (pick(p, words, v, &i) < 0)
		return -EINVAL;
	p->match->act_outside_window = i == 1;
	return 0;
}

static int set_do(struct parser *p, const char *v)
{
	static const char *const words[] = {[ACTION_REMOVE] = "remove",
	        [ACTION_RENAME] = "rename",
	        [ACTION_REPORT] = "report-only",
	        NULL};
	unsigned i = 0;

	if (pick(p, words, v, &i) < 0)
		return -EINVAL;
	p->recipe.action = (enum recipe_action)i;
	return 0;
}

static int set_unclean(struct parser *p, const char *v)
{
	static const char *const words[] = {[UNCLEAN_RENAME] = "rename",
	        [UNCLEAN_REPLAY] = "replay",
	        [UNCLEAN_REFUSE] = "refuse",
	        NULL};
	unsigned i = 0;

	if (pick(p, words, v, &i) < 0)
		return -EINVAL;
	p->recipe.unclean = (enum recipe_unclean)i;
	return 0;
}

const struct recipe_key_rule recipe_keys[KEY_COUNT] = {
        [KEY_NAME] = {SECTION_RECIPE, "name", true, set_name},
        [KEY_VERSION] = {SECTION_RECIPE, "version", false, set_version},
        [KEY_TITLE] = {SECTION_RECIPE, "title", false, set_title},
        [KEY_PATH] = {SECTION_MATCH, "path", true, set_path},
        [KEY_GLOB] = {SECTION_MATCH, "glob", true, set_glob},
        [KEY_MODIFIED_FROM] = {SECTION_MATCH, "modified-from", false, set_modified_from},
        [KEY_MODIFIED_TO] = {SECTION_MATCH, "modified-to", false, set_modified_to},
        [KEY_OUTSIDE] = {SECTION_MATCH, "when-outside-window", false, set_outside},
        [KEY_SIZE_FROM] = {SECTION_MATCH, "size-from", false, set_size_from},
        [KEY_SIZE_TO] = {SECTION_MATCH, "size-to", false, set_size_to},
        [KEY_HEADER] = {SECTION_MATCH, "header", false, set_header},
        [KEY_SHA256] = {SECTION_MATCH, "sha256", false, set_sha256},
        [KEY_DO] = {SECTION_ACTION, "do", true, set_do},
        [KEY_UNCLEAN] = {SECTION_ACTION, "unclean-journal", false, set_unclean},
};
