/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/mkinitrd/program.h"
#include "initrd/mkinitrd/elf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where Debian's loader looks last; it finds what is there without /etc/ld.so.cache. */
static const char *const library_directories[] = {
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"};

/* One that is there already is fine. path is absolute. */
static int add_file(struct rootfs *rootfs, const char *path, mode_t permissions, struct error *err)
{
	for (size_t i = 0; i < rootfs->count; i++)
		if (strcmp(rootfs->entries[i].path, path + 1) == 0)
			return 0;
	return rootfs_add_file(rootfs, path + 1, permissions, path, err);
}

/* Libraries are known by their names alone; the loader is one of them, and elsewhere. */
static bool has_name(const struct rootfs *rootfs, const char *name)
{
	for (size_t i = 0; i < rootfs->count; i++) {
		const char *slash = strrchr(rootfs->entries[i].path, '/');
		if (slash && strcmp(slash + 1, name) == 0)
			return true;
	}
	return false;
}

static int add_library(struct rootfs *rootfs, const char *name, struct error *err)
{
	char path[512];

	if (has_name(rootfs, name))
		return 0;
	for (size_t i = 0; i < sizeof(library_directories) / sizeof(library_directories[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%.255s", library_directories[i], name);
		if (access(path, R_OK) == 0)
			return add_file(rootfs, path, 0644, err);
	}
	return error_set(err, -ENOENT, REASON_CANNOT_OPEN, "there is no library %.200s", name);
}

static int add_needs(struct rootfs *rootfs, const struct rootfs_entry *file, struct error *err)
{
	struct elf_needs needs;

	int r = elf_read_needs(file->data, file->len, &needs);
	if (r < 0)
		return error_set(err, r, REASON_USAGE, "it is not a program for this machine: %s",
		        strerror(-r));
	if (needs.loader && needs.loader[0] != '/')
		return error_set(
		        err, -EINVAL, REASON_USAGE, "its loader is \"%.100s\"", needs.loader);
	if (needs.loader)
		r = add_file(rootfs, needs.loader, 0755, err);
	for (unsigned i = 0; r == 0 && i < needs.library_count; i++)
		r = add_library(rootfs, needs.libraries[i], err);
	return r;
}

int rootfs_add_program(struct rootfs *rootfs, const char *path, struct error *err)
{
	size_t first = rootfs->count;

	if (path[0] != '/')
		return error_set(err, -EINVAL, REASON_USAGE, "%.200s: give the whole path", path);
	int r = add_file(rootfs, path, 0755, err);
	/* What is added here is looked at in its turn. */
	for (size_t i = first; r == 0 && i < rootfs->count; i++) {
		/* Its bytes stay where they are when the list of files grows. */
		const struct rootfs_entry file = rootfs->entries[i];
		if (file.data)
			r = add_needs(rootfs, &file, err);
		if (r < 0)
			error_prefix(err, "/%.150s", file.path);
	}
	return r;
}
