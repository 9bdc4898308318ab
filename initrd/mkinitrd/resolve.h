/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From names to module files: dependencies by libkmod, soft dependencies and aliases from the
 * modules themselves, so that nothing of the build host's modprobe configuration gets in. */
#ifndef MKINITRD_RESOLVE_H
#define MKINITRD_RESOLVE_H

#include "fixer/base/buffer.h"
#include "initrd/mkinitrd/list.h"

struct module {
	char *name;
	char *path;      /* on this host, below the kernel's module directory */
	unsigned *needs; /* indices into modules: what must be loaded before, directly */
	unsigned need_count;
	char **aliases; /* device patterns ("pci:v00008086d...") only */
	unsigned alias_count;
	unsigned group; /* of the list item that brought it in first */
};

struct module_set {
	struct module *modules;
	unsigned count;
};

/* directory: /lib/modules/VERSION. Built-in modules are left out. 0, or -ENOENT naming the module
 * the kernel does not have, -errno. */
int module_set_resolve(const char *directory, const struct module_list *list,
        struct module_set *ret, struct error *err);
void module_set_free(struct module_set *set);

/* Appends init's table (initrd/init/modtable.h tells the format); prefix replaces directory in the
 * paths. 0 or -errno. */
int module_set_write_table(const struct module_set *set, const char *directory, const char *prefix,
        struct buffer *out);

#endif
