/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is allowed in a recipe but seldom meant. */
#include "fixer/windows/recipe_internal.h"
#include "netmend/limits.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct list {
	struct recipe_warning *items;
	size_t count, max;
};

__attribute__((format(printf, 3, 4))) static void warn(
        struct list *list, unsigned line, const char *format, ...)
{
	va_list args;

	if (list->count == list->max)
		return;
	struct recipe_warning *w = &list->items[list->count++];
	w->line = line;
	va_start(args, format);
	(void)vsnprintf(w->text, sizeof(w->text), format, args);
	va_end(args);
}

static bool acts(const struct recipe *r)
{
	return r->action != ACTION_REPORT;
}

static void about_window(const struct recipe *r, const struct recipe_match *m, struct list *list)
{
	bool by_content = m->header_len > 0 || m->has_sha256;

	if (!m->has_window && acts(r) && !by_content)
		warn(list, m->line,
		        "no time window, header or sha256: every file of this name is acted on, "
		        "good ones too");
	if (!m->has_window && m->act_outside_window)
		warn(list, m->line, "when-outside-window says nothing without a window");
	if (m->has_window && m->act_outside_window && acts(r))
		warn(list, m->line,
		        "when-outside-window = act: files outside the window are acted on too, the "
		        "window only marks them in the report");
}

static void about_content(const struct recipe *r, const struct recipe_match *m, struct list *list)
{
	if (m->size_max < m->header_len)
		warn(list, m->line, "can fit no file: size-to is less than the header has bytes");
	if (m->size_min > NM_MAX_TARGET_FILE && acts(r))
		warn(list, m->line, "files over %d bytes are never acted on (TARGET_TOO_LARGE)",
		        NM_MAX_TARGET_FILE);
}

/* "PROGRA~1": Windows makes such a name up, another one on each volume. */
static bool has_short_name(const char *text)
{
	for (const char *tilde = strchr(text, '~'); tilde; tilde = strchr(tilde + 1, '~'))
		if (isdigit((unsigned char)tilde[1]))
			return true;
	return false;
}

static void about_names(const struct recipe *r, const struct recipe_match *m, struct list *list)
{
	const char *dot = strrchr(m->glob, '.'), *vital = recipe_vital(m);

	if (acts(r) && vital)
		warn(list, m->line, "fits %s, which Windows does not start without", vital);
	if (has_short_name(m->path) || has_short_name(m->glob))
		warn(list, m->line,
		        "looks like a short name (8.3), which nothing is found by: write the long "
		        "one");
	if (!recipe_path_in_windows(m->path))
		warn(list, m->line,
		        "not below \\Windows: looked for from the root of each volume, where there "
		        "is a Windows or not");
	if (recipe_may_rename(r) && (!dot || strlen(dot) != 4))
		warn(list, m->line,
		        "only a file with an extension of three characters can be renamed in "
		        "place; "
		        "others are left (RENAME_UNSAFE)");
}

static void about_others(const struct recipe *r, size_t index, struct list *list)
{
	const struct recipe_match *m = &r->matches[index];

	for (size_t i = 0; i < index; i++) {
		const struct recipe_match *other = &r->matches[i];
		if (strcasecmp(other->path, m->path) == 0 &&
		        recipe_globs_meet(other->glob, m->glob))
			warn(list, m->line,
			        "fits files that the [match] of line %u fits too: what one of them "
			        "acts on, the other does not keep",
			        other->line);
	}
}

size_t recipe_warnings(const struct recipe *r, struct recipe_warning *out, size_t max)
{
	struct list list = {out, 0, max};

	for (size_t i = 0; i < r->match_count; i++) {
		about_window(r, &r->matches[i], &list);
		about_content(r, &r->matches[i], &list);
		about_names(r, &r->matches[i], &list);
		about_others(r, i, &list);
	}
	if (acts(r) && r->unclean == UNCLEAN_REFUSE)
		warn(&list, r->action_line,
		        "unclean-journal = refuse: a machine that crashed nearly always has an "
		        "unclean journal, and is left as it is");
	return list.count;
}
