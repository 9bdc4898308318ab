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

static int add_item(struct module_list *list, const char *name, bool is_firmware, unsigned line)
{
	struct list_item *items = realloc(list->items, (list->item_count + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	for (char *p = copy; *p && !is_firmware; p++)
		if (*p == '-')
			*p = '_';
	for (size_t i = 0; i < list->item_count; i++)
		if (items[i].is_firmware == is_firmware && strcmp(items[i].name, copy) == 0) {
			free(copy);
			return -EEXIST;
		}
	items[list->item_count++] = (struct list_item){.name = copy,
	        .is_firmware = is_firmware,
	        .group = list->group_count - 1,
	        .line = line};
	return 0;
}

static int parse_line(struct module_list *list, char *text, unsigned line)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\r", text[len - 1]))
		text[--len] = 0;
	if (strncmp(text, "## ", 3) == 0)
		return add_group(list, text + 3);
	if (text[0] == '#' || text[0] == 0)
		return 0;
	if (strncmp(text, "firmware ", 9) == 0) {
		const char *path = text + 9;
		if (path[0] == '/' || strstr(path, "..") || strpbrk(path, " \t") || !*path)
			return -EINVAL;
		return add_item(list, path, true, line);
	}
	if (strspn(text, name_characters) != len)
		return -EINVAL;
	return add_item(list, text, false, line);
}

int module_list_parse(const char *text, struct module_list *ret, struct error *err)
{
	struct module_list list = {0};
	char *copy = strdup(text), *rest = copy, *line;
	unsigned number = 0;
	int r = copy ? add_group(&list, "") : -ENOMEM;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		r = parse_line(&list, line, ++number);
		if (r < 0)
			error_set(err, r, REASON_USAGE, "line %u: %s: \"%.60s\"", number,
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
