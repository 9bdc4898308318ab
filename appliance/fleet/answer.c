/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/fleet.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool fleet_answers(const struct fleet *f, const struct machine *m)
{
	return !m->held && !m->done && (f->scope_all || m->in_scope);
}

static bool has_file(const struct fleet *f, const struct machine *m)
{
	return f->scope_all ? !fleet_answers(f, m) : fleet_answers(f, m);
}

static void file_name(const char *mac, char ret[MAC_TEXT])
{
	(void)snprintf(ret, MAC_TEXT, "%s", mac);
	for (char *p = ret; *p; p++)
		*p = *p == ':' ? '-' : *p;
}

/* dnsmasq reads a new file at once (inotify): it must be whole when it gets its name. */
static int file_write(int dir, const char *mac)
{
	char name[MAC_TEXT], line[MAC_TEXT + 1], path[64];
	CLEANUP_CLOSE int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	file_name(mac, name);
	int len = snprintf(line, sizeof(line), "%s\n", mac);
	if (write(fd, line, (size_t)len) != len)
		return -EIO;
	/* The umask does not decide whether dnsmasq, another user, can read it. */
	if (fchmod(fd, 0644) < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return 0;
}

struct answer_walk {
	struct fleet *f;
	int dir;
	bool changed;
	char **wanted; /* of the full list: names that belong there */
	size_t count, capacity;
};

static int walk_open(struct fleet *f, struct answer_walk *w)
{
	*w = (struct answer_walk){.f = f};
	w->dir = open(f->hosts, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dir >= 0)
		return 0;
	int r = -errno;
	log_error("answer list %s: %s", f->hosts, strerror(-r));
	return r;
}

/* One MAC in line with what its machine is. */
static int mac_correct(const char *mac, const struct machine *m, void *context)
{
	struct answer_walk *w = context;
	char name[MAC_TEXT];
	int r = 0;

	file_name(mac, name);
	bool is = faccessat(w->dir, name, F_OK, 0) == 0, want = has_file(w->f, m);
	if (is == want)
		return 0;
	if (want)
		r = file_write(w->dir, mac);
	else if (unlinkat(w->dir, name, 0) < 0)
		r = -errno;
	if (r < 0)
		log_error("answer list %s/%s: %s", w->f->hosts, name, strerror(-r));
	else
		w->changed = true;
	return r;
}

int fleet_answer_machine(struct fleet *f, int64_t machine, bool *ret_changed)
{
	struct answer_walk w;
	int r = walk_open(f, &w);

	if (r < 0)
		return r;
	r = store_macs(f->store, machine, mac_correct, &w);
	(void)close(w.dir);
	*ret_changed = w.changed;
	return r;
}

static int mac_collect(const char *mac, const struct machine *m, void *context)
{
	struct answer_walk *w = context;
	char name[MAC_TEXT];

	if (has_file(w->f, m)) {
		if (w->count == w->capacity) {
			size_t capacity = w->capacity ? 2 * w->capacity : 256;
			char **wanted = reallocarray(w->wanted, capacity, sizeof(*wanted));
			if (!wanted)
				return -ENOMEM;
			w->wanted = wanted;
			w->capacity = capacity;
		}
		file_name(mac, name);
		w->wanted[w->count] = strdup(name);
		if (!w->wanted[w->count++])
			return -ENOMEM;
	}
	return mac_correct(mac, m, context);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Files of machines the store does not know. */
static int strangers_remove(struct answer_walk *w)
{
	DIR *dir = opendir(w->f->hosts);

	if (!dir)
		return -errno;
	if (w->count)
		qsort(w->wanted, w->count, sizeof(*w->wanted), by_name);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		const char *name = entry->d_name;
		if (name[0] == '.')
			continue;
		if (w->count && bsearch(&name, w->wanted, w->count, sizeof(*w->wanted), by_name))
			continue;
		if (unlinkat(w->dir, name, 0) < 0)
			log_error("answer list %s/%s: %s", w->f->hosts, name, strerror(errno));
		else
			w->changed = true;
	}
	(void)closedir(dir);
	return 0;
}

int fleet_answer_list(struct fleet *f, bool *ret_changed)
{
	struct answer_walk w;
	int r = walk_open(f, &w);

	if (r < 0)
		return r;
	r = store_macs(f->store, 0, mac_collect, &w);
	if (r == 0)
		r = strangers_remove(&w);
	for (size_t i = 0; i < w.count; i++)
		free(w.wanted[i]);
	free(w.wanted);
	(void)close(w.dir);
	*ret_changed = w.changed;
	return r;
}
