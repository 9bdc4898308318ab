/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/esp.h"
#include "tests/generators/run.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file of that size for mkfs.vfat, which gets argv. */
static int format(struct gen_esp *e, const char *path, uint64_t size, const char *const argv[])
{
	int fd = gen_create(path, size);

	e->path = path;
	buffer_init(&e->folders, 64 * 1024);
	if (fd < 0)
		return fd;
	(void)close(fd);
	int r = buffer_printf(&e->folders, "\n");
	return r == 0 ? gen_run(argv) : r;
}

int gen_esp_format(struct gen_esp *e, const char *path, uint64_t size, uint64_t start,
        uint32_t sector_size, uint32_t serial)
{
	char sector[12], hidden[24], id[9];
	const char *const argv[] = {"mkfs.vfat", "--invariant", "-F", "32", "-S", sector, "-s", "1",
	        "-h", hidden, "-i", id, "-n", "SYSTEM", path, NULL};

	(void)snprintf(sector, sizeof(sector), "%u", sector_size);
	(void)snprintf(hidden, sizeof(hidden), "%ju", (uintmax_t)(start / sector_size));
	(void)snprintf(id, sizeof(id), "%08X", serial);
	return format(e, path, size, argv);
}

int gen_esp_format_stick(
        struct gen_esp *e, const char *path, uint64_t size, uint32_t sector_size, uint32_t serial)
{
	char sector[12], id[9];
	const char *const argv[] = {
	        "mkfs.vfat", "--invariant", "-S", sector, "-i", id, "-n", "STICK", path, NULL};

	(void)snprintf(sector, sizeof(sector), "%u", sector_size);
	(void)snprintf(id, sizeof(id), "%08X", serial);
	return format(e, path, size, argv);
}

void gen_esp_free(struct gen_esp *e)
{
	buffer_free(&e->folders);
}

/* mmd takes a folder that is there for an error, and none of its options makes it pass over it. */
int gen_esp_mkdir(struct gen_esp *e, const char *folder)
{
	char line[512], target[512];
	const char *const argv[] = {"mmd", "-i", e->path, target, NULL};

	(void)snprintf(line, sizeof(line), "\n%s\n", folder);
	(void)snprintf(target, sizeof(target), "::%s", folder);
	if (strcasestr((const char *)e->folders.data, line))
		return 0;
	int r = buffer_printf(&e->folders, "%s\n", folder);
	return r == 0 ? gen_run(argv) : r;
}

static int copy_file(const struct gen_esp *e, const char *host_file, const char *file)
{
	char target[512];
	const char *const argv[] = {"mcopy", "-D", "o", "-i", e->path, host_file, target, NULL};

	(void)snprintf(target, sizeof(target), "::%s", file);
	return gen_run(argv);
}

int gen_esp_put(struct gen_esp *e, const char *file, const void *data, size_t size)
{
	char *host CLEANUP_FREE = NULL;

	if (asprintf(&host, "%s.file", e->path) < 0)
		return -ENOMEM;
	int r = gen_write_file(host, data, size, 0600);
	if (r == 0)
		r = copy_file(e, host, file);
	(void)unlink(host);
	return r;
}

static int copy_entry(
        struct gen_esp *e, const char *host_folder, const char *folder, const char *name)
{
	char *host CLEANUP_FREE = NULL, *target CLEANUP_FREE = NULL;
	struct stat st;

	if (asprintf(&host, "%s/%s", host_folder, name) < 0 ||
	        asprintf(&target, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	if (stat(host, &st) < 0) {
		log_error("%s: %s", host, strerror(errno));
		return -errno;
	}
	if (!S_ISDIR(st.st_mode))
		return copy_file(e, host, target);
	int r = gen_esp_mkdir(e, target);
	return r == 0 ? gen_esp_copy_tree(e, host, target) : r;
}

int gen_esp_copy_tree(struct gen_esp *e, const char *host_folder, const char *folder)
{
	struct dirent **names;
	int count = scandir(host_folder, &names, NULL, alphasort), r = 0;

	if (count < 0) {
		r = -errno;
		log_error("cannot read the folder %s: %s", host_folder, strerror(-r));
		return r;
	}
	for (int i = 0; i < count; i++) {
		if (r == 0 && strcmp(names[i]->d_name, ".") != 0 &&
		        strcmp(names[i]->d_name, "..") != 0)
			r = copy_entry(e, host_folder, folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return r;
}
