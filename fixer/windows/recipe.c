/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/text.h"
#include "fixer/windows/recipe_internal.h"
#include "netmend/limits.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

const char *const recipe_sections[SECTION_COUNT] = {
        [SECTION_RECIPE] = "recipe", [SECTION_MATCH] = "match", [SECTION_ACTION] = "action"};

int recipe_fail_at(struct parser *p, unsigned line, const char *what, const char *subject)
{
	char shown[64];

	text_clean(shown, sizeof(shown), subject);
	if (!p->failed)
		(void)error_set(p->err, -EINVAL, REASON_RECIPE_BAD, "line %u: %s%s%s%s", line, what,
		        *shown ? " '" : "", shown, *shown ? "'" : "");
	p->failed = true;
	return -EINVAL;
}

int recipe_fail(struct parser *p, const char *what, const char *subject)
{
	return recipe_fail_at(p, p->line, what, subject);
}

/* --- sections, seen as the lines come in ----------------------------------------------------- */

/* A [match] is whole when the next section begins; the others may be taken up again. */
static int end_match(struct parser *p)
{
	if (!p->match)
		return 0;
	int r = recipe_check_section(p, SECTION_MATCH);
	p->match = NULL;
	return r;
}

static int begin_match(struct parser *p)
{
	if (p->recipe.match_count == RECIPE_MATCHES_MAX)
		return recipe_fail(p, "more than 8 [match] sections; make two recipes of it", "");
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (recipe_keys[i].section == SECTION_MATCH)
			p->key_lines[i] = 0;
	p->match = &p->recipe.matches[p->recipe.match_count++];
	*p->match = (struct recipe_match){.line = p->line, .size_max = UINT64_MAX};
	return 0;
}

static int begin_section(struct parser *p, const char *line, size_t len)
{
	const char *close = memchr(line, ']', len);
	char shown[64];

	for (unsigned i = 0; close && i < SECTION_COUNT; i++) {
		size_t name_len = (size_t)(close - line) - 1;
		if (strlen(recipe_sections[i]) != name_len ||
		        memcmp(recipe_sections[i], line + 1, name_len) != 0)
			continue;
		if (end_match(p) < 0)
			return -EINVAL;
		p->section_lines[i] = p->line;
		return i == SECTION_MATCH ? begin_match(p) : 0;
	}
	(void)snprintf(shown, sizeof(shown), "%.*s", (int)(len < 60 ? len : 60), line);
	shown[strcspn(shown, "\r\n")] = 0;
	return recipe_fail(p, "section not known", shown);
}

/* A recipe goes through JSON on its way to a machine and to people's screens. */
static bool is_text(const char *line)
{
	while (*line) {
		size_t len = utf8_char(line, NULL);
		bool end = *line == '\n' || (*line == '\r' && (line[1] == '\n' || !line[1]));
		if (len == 0 && !end && *line != '\t')
			return false;
		line += len ? len : 1;
	}
	return true;
}

/* Gives libinih the next line, as fgets would. It says nothing about a section without keys, nor
 * about a line cut at its buffer, and takes an indented line for more of the last value: all that
 * is settled here. */
static char *next_line(char *str, int num, void *stream)
{
	struct parser *p = stream;

	if (p->failed || p->at == p->end || num < 2)
		return NULL;
	const char *line = p->at;
	const char *newline = memchr(line, '\n', (size_t)(p->end - line));
	p->at = newline ? newline + 1 : p->end;
	p->line++;
	while (line < p->at && *line != '\n' && isspace((unsigned char)*line))
		line++;
	size_t len = (size_t)(p->at - line);
	if (len > (size_t)num - 1) {
		(void)recipe_fail(p, "line too long", "");
		return NULL;
	}
	memcpy(str, line, len);
	str[len] = 0;
	if (!is_text(str)) {
		(void)recipe_fail(p, "not text in UTF-8; save the recipe as UTF-8", "");
		return NULL;
	}
	return *str == '[' && begin_section(p, str, len) < 0 ? NULL : str;
}

/* Non-zero is libinih's "fine". */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct parser *p = user;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct recipe_key_rule *key = &recipe_keys[i];
		if (strcmp(section, recipe_sections[key->section]) != 0 ||
		        strcmp(name, key->name) != 0)
			continue;
		/* What libinih takes for a section and we do not (a second mark) is none. */
		if (key->section == SECTION_MATCH && !p->match)
			break;
		if (p->key_lines[i])
			return recipe_fail(p, "given twice:", name) == 0;
		p->key_lines[i] = p->line;
		return key->set(p, value) == 0;
	}
	return recipe_fail(p, "key not known here:", name) == 0;
}

static int check_text(const char *text, size_t len, struct error *err)
{
	if (len > NM_MAX_RECIPE)
		return error_set(err, -EMSGSIZE, REASON_RECIPE_BAD,
		        "line 1: recipe longer than %d bytes", NM_MAX_RECIPE);
	if (memchr(text, 0, len))
		return error_set(
		        err, -EINVAL, REASON_RECIPE_BAD, "line 1: recipe is not text (NUL byte)");
	return 0;
}

/* What Windows' editors write before UTF-8. */
static size_t mark_len(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int recipe_parse(const char *text, size_t len, struct recipe *ret, struct error *err)
{
	struct parser p = {.at = text + mark_len(text, len), .end = text + len, .err = err};

	p.recipe.version = 1;
	p.recipe.unclean = UNCLEAN_REFUSE; /* what is not written is not done */
	int r = check_text(text, len, err);
	if (r < 0)
		return r;
	int first_bad = ini_parse_stream(next_line, &p, on_key, &p);
	if (p.failed)
		return -EINVAL;
	if (first_bad > 0)
		return error_set(err, -EINVAL, REASON_RECIPE_BAD,
		        "line %d: neither a section, a key nor a comment", first_bad);
	if (first_bad < 0)
		return error_set(
		        err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory to read the recipe");
	r = end_match(&p);
	if (r == 0)
		r = recipe_check_whole(&p);
	if (r == 0)
		*ret = p.recipe;
	return r;
}
