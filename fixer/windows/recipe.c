/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/recipe.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

/* Where each line comes from and the first error, which is the one people are told. */
struct parser {
	const char *at, *end;
	unsigned line;
	unsigned seen; /* one bit per entry of keys[] */
	struct recipe recipe;
	struct error *err;
	bool failed;
};

static int fail(struct parser *p, const char *what, const char *subject)
{
	if (!p->failed)
		(void)error_set(p->err, -EINVAL, REASON_RECIPE_BAD, "line %u: %s%s%.60s%s", p->line,
		        what, *subject ? " '" : "", subject, *subject ? "'" : "");
	p->failed = true;
	return -EINVAL;
}

/* Recipes name Windows system files: printable ASCII is all they need, and all that is folded the
 * same way everywhere. */
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
		return fail(p, "value too long", v);
	(void)snprintf(dst, size, "%s", v);
	return 0;
}

static int set_name(struct parser *p, const char *v)
{
	if (!is_plain(v, " \"'<>&\\/"))
		return fail(p, "name is not a plain word", v);
	return set_text(p, p->recipe.name, sizeof(p->recipe.name), v);
}

static int set_path(struct parser *p, const char *v)
{
	size_t len = strlen(v);

	if (!is_plain(v, "/:*?\"<>|") || v[0] != '\\' || len < 2 || v[len - 1] == '\\' ||
	        strstr(v, "\\\\") || strstr(v, "\\."))
		return fail(p, "path is not of the form \\Folder\\Folder", v);
	return set_text(p, p->recipe.path, sizeof(p->recipe.path), v);
}

static int set_glob(struct parser *p, const char *v)
{
	if (!is_plain(v, "\\/:\"<>|") || strspn(v, "*?.") == strlen(v))
		return fail(p, "glob is not a file name pattern", v);
	return set_text(p, p->recipe.glob, sizeof(p->recipe.glob), v);
}

static int set_time(struct parser *p, int64_t *dst, const char *v)
{
	if (iso8601_parse(v, dst) < 0)
		return fail(p, "not a time like 2024-07-19T04:09:00Z:", v);
	return 0;
}

static int set_from(struct parser *p, const char *v)
{
	return set_time(p, &p->recipe.modified_from, v);
}

static int set_to(struct parser *p, const char *v)
{
	return set_time(p, &p->recipe.modified_to, v);
}

static int pick(struct parser *p, const char *const *words, const char *v, unsigned *ret)
{
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(v, words[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return fail(p, "value not known", v);
}

static int set_outside(struct parser *p, const char *v)
{
	static const char *const words[] = {"skip", "act", NULL};
	unsigned i;

	if (pick(p, words, v, &i) < 0)
		return -EINVAL;
	p->recipe.act_outside_window = i == 1;
	return 0;
}

static int set_do(struct parser *p, const char *v)
{
	static const char *const words[] = {[ACTION_REMOVE] = "remove",
	        [ACTION_RENAME] = "rename",
	        [ACTION_REPORT] = "report-only",
	        NULL};
	unsigned i;

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
	unsigned i;

	if (pick(p, words, v, &i) < 0)
		return -EINVAL;
	p->recipe.unclean = (enum recipe_unclean)i;
	return 0;
}

enum { KEY_FROM = 3, KEY_TO = 4 };

static const struct key {
	const char *section, *name;
	bool required;
	int (*set)(struct parser *p, const char *value);
} keys[] = {
        {"recipe", "name", true, set_name},
        {"match", "path", true, set_path},
        {"match", "glob", true, set_glob},
        [KEY_FROM] = {"match", "modified-from", false, set_from},
        [KEY_TO] = {"match", "modified-to", false, set_to},
        {"match", "when-outside-window", false, set_outside},
        {"action", "do", true, set_do},
        {"action", "unclean-journal", false, set_unclean},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static bool is_section(const char *name, size_t len)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (strlen(keys[i].section) == len && memcmp(keys[i].section, name, len) == 0)
			return true;
	return false;
}

/* libinih says nothing about a section without keys, nor about a line cut at its buffer: both are
 * seen here, where the lines come in. */
static int check_line(struct parser *p, const char *line, size_t len, size_t room)
{
	char shown[64];

	if (len > room)
		return fail(p, "line too long", "");
	for (; len > 0 && (*line == ' ' || *line == '\t'); line++)
		len--;
	if (len == 0 || *line != '[')
		return 0;
	const char *close = memchr(line, ']', len);
	if (close && is_section(line + 1, (size_t)(close - line - 1)))
		return 0;
	(void)snprintf(shown, sizeof(shown), "%.*s", (int)(len < 60 ? len : 60), line);
	shown[strcspn(shown, "\r\n")] = 0;
	return fail(p, "section not known", shown);
}

/* Gives libinih the next line, as fgets would. */
static char *next_line(char *str, int num, void *stream)
{
	struct parser *p = stream;

	if (p->failed || p->at == p->end || num < 2)
		return NULL;
	const char *newline = memchr(p->at, '\n', (size_t)(p->end - p->at));
	size_t len = newline ? (size_t)(newline + 1 - p->at) : (size_t)(p->end - p->at);
	p->line++;
	if (check_line(p, p->at, len, (size_t)num - 1) < 0)
		return NULL;
	memcpy(str, p->at, len);
	str[len] = 0;
	p->at += len;
	return str;
}

/* Non-zero is libinih's "fine". */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct parser *p = user;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(section, keys[i].section) != 0 || strcmp(name, keys[i].name) != 0)
			continue;
		if (p->seen & 1u << i)
			return fail(p, "given twice:", name) == 0;
		p->seen |= 1u << i;
		return keys[i].set(p, value) == 0;
	}
	return fail(p, "key not known here:", name) == 0;
}

static int check_whole(struct parser *p)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].required && !(p->seen & 1u << i))
			return error_set(p->err, -EINVAL, REASON_RECIPE_BAD,
			        "line %u: end of recipe, '%s' missing in [%s]", p->line,
			        keys[i].name, keys[i].section);
	bool from = p->seen & 1u << KEY_FROM, to = p->seen & 1u << KEY_TO;
	if (from != to)
		return error_set(p->err, -EINVAL, REASON_RECIPE_BAD,
		        "line %u: end of recipe, '%s' without '%s'", p->line,
		        keys[from ? KEY_FROM : KEY_TO].name, keys[from ? KEY_TO : KEY_FROM].name);
	p->recipe.has_window = from;
	if (from && p->recipe.modified_from >= p->recipe.modified_to)
		return error_set(p->err, -EINVAL, REASON_RECIPE_BAD,
		        "line %u: end of recipe, modified-from is not before modified-to", p->line);
	return 0;
}

int recipe_parse(const char *text, size_t len, struct recipe *ret, struct error *err)
{
	struct parser p = {.at = text, .end = text + len, .err = err};

	/* What is not written is not done. */
	p.recipe.unclean = UNCLEAN_REFUSE;
	if (len > NM_MAX_RECIPE)
		return error_set(err, -EMSGSIZE, REASON_RECIPE_BAD,
		        "line 1: recipe longer than %d bytes", NM_MAX_RECIPE);
	if (memchr(text, 0, len))
		return error_set(
		        err, -EINVAL, REASON_RECIPE_BAD, "line 1: recipe is not text (NUL byte)");

	int first_bad = ini_parse_stream(next_line, &p, on_key, &p);
	if (p.failed)
		return -EINVAL;
	if (first_bad > 0)
		return error_set(err, -EINVAL, REASON_RECIPE_BAD,
		        "line %d: neither a section, a key nor a comment", first_bad);
	if (first_bad < 0)
		return error_set(
		        err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory to read the recipe");
	int r = check_whole(&p);
	if (r < 0)
		return r;
	*ret = p.recipe;
	return 0;
}
