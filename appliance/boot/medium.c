/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/boot/medium.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX   "netmend-"
#define SUFFIX   ".iso"
#define PIN_PART 16 /* characters of the pin */
#define NAME     (sizeof(PREFIX) + PIN_PART + sizeof(SUFFIX))

static void name_of(const struct medium *m, char ret[NAME])
{
	(void)snprintf(ret, NAME, PREFIX "%.*s" SUFFIX, PIN_PART, m->pin);
}

void medium_file(const struct medium *m, char ret[PATH_MAX])
{
	char name[NAME];

	name_of(m, name);
	(void)snprintf(ret, PATH_MAX, "%s/%s", m->folder, name);
}

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* Put in place after the image was made: a package's files keep the time they were built at, so it
 * is their inode's that counts. */
static bool is_after(const char *path, const struct stat *image)
{
	struct stat st;

	return stat(path, &st) == 0 && is_newer(&st.st_ctim, &image->st_mtim);
}

int medium_check(const struct medium *m, struct error *err)
{
	char path[PATH_MAX];
	struct stat image;

	medium_file(m, path);
	if (stat(path, &image) < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN,
		        "this appliance has no image of its own for its certificate: `netmend "
		        "media iso` on it makes one. Or name the URL of another one");
	const char *newer = is_after(m->kernel, &image)   ? m->kernel
	                    : is_after(m->initrd, &image) ? m->initrd
	                                                  : NULL;
	if (newer)
		return error_set(err, -ESTALE, REASON_CANNOT_OPEN,
		        "this appliance's image is older than %s: `netmend media iso` on it makes "
		        "it again",
		        newer);
	return 0;
}

void medium_url(const char *address, int http_port, char ret[MEDIUM_URL_TEXT])
{
	if (http_port == 80)
		(void)snprintf(ret, MEDIUM_URL_TEXT, "http://%s" MEDIUM_PATH, address);
	else
		(void)snprintf(
		        ret, MEDIUM_URL_TEXT, "http://%s:%d" MEDIUM_PATH, address, http_port);
}

static bool is_medium(const char *name)
{
	size_t len = strlen(name);

	return len == NAME - 2 && strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
	       strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

void medium_drop_others(const struct medium *m)
{
	char ours[NAME];
	DIR *dir = opendir(m->folder);

	name_of(m, ours);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (is_medium(e->d_name) && strcmp(e->d_name, ours) != 0)
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		(void)closedir(dir);
}
