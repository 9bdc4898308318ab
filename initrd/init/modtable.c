/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/modtable.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static int add_entry(struct modtable *t, char *text)
{
	char *path = strchr(text, ' ');
	if (!path || path == text || path[1] == 0 || strchr(path + 1, ' '))
		return -EINVAL;
	*path++ = 0;
	struct modtable_entry *entries = realloc(t->entries, (t->count + 1) * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	t->entries = entries;
	entries[t->count++] = (struct modtable_entry){
	        .name = text, .path = path, .needs = "", .first_alias = t->alias_count};
	return 0;
}

static int add_alias(struct modtable *t, const char *pattern)
{
	if (!*pattern)
		return -EINVAL;
	const char **aliases = realloc(t->aliases, (t->alias_count + 1) * sizeof(*aliases));
	if (!aliases)
		return -ENOMEM;
	t->aliases = aliases;
	aliases[t->alias_count++] = pattern;
	t->entries[t->count - 1].alias_count++;
	return 0;
}

static int parse_line(struct modtable *t, char *line)
{
	if (strncmp(line, "module ", 7) == 0)
		return add_entry(t, line + 7);
	if (t->count == 0)
		return -EINVAL;
	if (strncmp(line, "alias ", 6) == 0)
		return add_alias(t, line + 6);
	if (strncmp(line, "needs ", 6) != 0)
		return -EINVAL;
	t->entries[t->count - 1].needs = line + 6;
	return 0;
}

int modtable_parse(const char *text, struct modtable *ret, struct error *err)
{
	struct modtable t = {.text = strdup(text)};
	char *rest = t.text, *line;
	unsigned number = 0;
	int r = t.text ? 0 : -ENOMEM;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		number++;
		if (*line)
			r = parse_line(&t, line);
	}
	if (r < 0) {
		modtable_free(&t);
		return error_set(err, r, REASON_INTERNAL, "table of modules, line %u: %s", number,
		        strerror(-r));
	}
	*ret = t;
	return 0;
}

void modtable_free(struct modtable *table)
{
	free(table->text);
	free(table->entries);
	free(table->aliases);
	*table = (struct modtable){0};
}

struct modtable_entry *modtable_find(const struct modtable *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->entries[i].name, name) == 0)
			return &table->entries[i];
	return NULL;
}

bool modtable_matches(
        const struct modtable *table, const struct modtable_entry *entry, const char *modalias)
{
	for (size_t i = 0; i < entry->alias_count; i++) {
		const char *pattern = table->aliases[entry->first_alias + i];
		/* Nearly all differ before the first wildcard; fnmatch is slow. */
		if (strncmp(pattern, modalias, strcspn(pattern, "*?[\\")) == 0 &&
		        fnmatch(pattern, modalias, 0) == 0)
			return true;
	}
	return false;
}
