/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/mkinitrd/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char name_characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

static int add_group(struct module_list *list, const char *name)
{
	char **groups = realloc(list->groups, (list->group_count + 1) * sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	list->groups = groups;
	groups[list->group_count] = strdup(name);
	if (!groups[list->group_count])
		return -ENOMEM;
	list->group_count++;
	return 0;
}

/* What the line being read is about. */
struct place {
	struct module_list *list;
	unsigned line;
};

static int add_item(struct place *p, const char *name, struct list_item kind)
{
	struct module_list *list = p->list;
	struct list_item *items = realloc(list->items, (list->item_count + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	for (char *c = copy; *c && !kind.is_firmware; c++)
		if (*c == '-')
			*c = '_';
	for (size_t i = 0; i < list->item_count; i++)
		if (items[i].is_firmware == kind.is_firmware && strcmp(items[i].name, copy) == 0) {
			free(copy);
			return -EEXIST;
		}
	kind.name = copy;
	kind.group = list->group_count - 1;
	kind.line = p->line;
	items[list->item_count++] = kind;
	return 0;
}

static int add_module(struct place *p, const char *name)
{
	if (!*name || strspn(name, name_characters) != strlen(name))
		return -EINVAL;
	return add_item(p, name, (struct list_item){.driver = LIST_NO_DRIVER});
}

/* paths: words, at least one. kind: what they have in common. */
static int add_firmware(struct place *p, char *paths, struct list_item kind)
{
	char *rest = paths, *path;
	int r = 0;

	while (r == 0 && (path = strsep(&rest, " "))) {
		if (!*path || path[0] == '/' || strstr(path, "..") || strchr(path, '\t'))
			return -EINVAL;
		r = add_item(p, path, kind);
	}
	return r;
}

static int add_module_with_firmware(struct place *p, char *name, char *paths)
{
	const size_t driver = p->list->item_count;
	int r = add_module(p, name);

	if (r == 0)
		r = add_firmware(
		        p, paths, (struct list_item){.is_firmware = true, .driver = driver});
	return r;
}

static int parse_line(struct place *p, char *text)
{
	struct list_item firmware = {.is_firmware = true, .driver = LIST_NO_DRIVER};
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\r", text[len - 1]))
		text[--len] = 0;
	if (strncmp(text, "## ", 3) == 0)
		return add_group(p->list, text + 3);
	if (text[0] == '#' || text[0] == 0)
		return 0;
	if (strncmp(text, "firmware ", 9) == 0)
		return strchr(text + 9, ' ') ? -EINVAL : add_firmware(p, text + 9, firmware);
	if (strncmp(text, "optional ", 9) == 0) {
		firmware.optional = true;
		return add_firmware(p, text + 9, firmware);
	}
	char *with = strstr(text, " with ");
	if (!with)
		return add_module(p, text);
	*with = 0;
	return add_module_with_firmware(p, text, with + 6);
}

int module_list_parse(const char *text, struct module_list *ret, struct error *err)
{
	struct module_list list = {0};
	char *copy = strdup(text), *rest = copy, *line;
	struct place place = {.list = &list};
	int r = copy ? add_group(&list, "") : -ENOMEM;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		place.line++;
		r = parse_line(&place, line);
		if (r < 0)
			error_set(err, r, REASON_USAGE, "line %u: %s: \"%.60s\"", place.line,
			        r == -EEXIST   ? "listed twice"
			        : r == -EINVAL ? "not a module name or firmware path"
			                       : "out of memory",
			        line);
	}
	free(copy);
	if (r < 0) {
		module_list_free(&list);
		return r;
	}
	*ret = list;
	return 0;
}

void module_list_free(struct module_list *list)
{
	for (unsigned i = 0; i < list->group_count; i++)
		free(list->groups[i]);
	for (size_t i = 0; i < list->item_count; i++)
		free(list->items[i].name);
	free(list->groups);
	free(list->items);
	*list = (struct module_list){0};
}
