/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/mkinitrd/firmware.h"

#include <stdio.h>
#include <unistd.h>

static bool is_there(const char *directory, const struct list_item *item)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%.500s/%.500s", directory, item->name);
	return access(path, R_OK) == 0;
}

/* One line of the list is one line here. */
static void tell_missing(const struct module_list *list, const struct list_item *item)
{
	static unsigned last;

	if (last == 0)
		(void)fprintf(stderr,
		        "mkinitrd: firmware this host does not have (initrd/README.md "
		        "tells which package has it):");
	if (last != item->line)
		(void)fprintf(stderr, "\n ");
	if (last != item->line && item->driver != LIST_NO_DRIVER)
		(void)fprintf(stderr, " without driver %s:", list->items[item->driver].name);
	last = item->line;
	(void)fprintf(stderr, " %s", item->name);
}

void firmware_check(struct module_list *list, const char *directory)
{
	bool missing = false;

	for (size_t i = 0; i < list->item_count; i++) {
		struct list_item *item = &list->items[i];
		bool may_be_missing = item->optional || item->driver != LIST_NO_DRIVER;
		if (!item->is_firmware || !may_be_missing || is_there(directory, item))
			continue;
		missing = item->left_out = true;
		if (item->driver != LIST_NO_DRIVER)
			list->items[item->driver].left_out = true;
		tell_missing(list, item);
	}
	if (missing)
		(void)fprintf(stderr, "\n");
}

/* Left out itself, or of a driver that is. */
static bool is_wanted(const struct module_list *list, const struct list_item *item)
{
	if (!item->is_firmware || item->left_out)
		return false;
	return item->driver == LIST_NO_DRIVER || !list->items[item->driver].left_out;
}

int firmware_add(struct rootfs *rootfs, const struct module_list *list, const char *directory,
        uint64_t *group_bytes, struct error *err)
{
	for (size_t i = 0; i < list->item_count; i++) {
		const struct list_item *item = &list->items[i];
		char source[1024], target[600];
		if (!is_wanted(list, item))
			continue;
		(void)snprintf(source, sizeof(source), "%.500s/%.500s", directory, item->name);
		(void)snprintf(target, sizeof(target), "lib/firmware/%.500s", item->name);
		int r = rootfs_add_file(rootfs, target, 0644, source, err);
		if (r < 0) {
			error_prefix(err, "line %u", item->line);
			return r;
		}
		group_bytes[item->group] += rootfs->entries[rootfs->count - 1].len;
	}
	return 0;
}
