/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/loader.h"
#include "appliance/store/inventory.h"
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
	if (m->held || m->done)
		return false;
	return m->campaign ? m->open : f->scope_all || m->in_scope;
}

/* A file is named after the MAC; behind it stands which loader the machine gets, if not the usual
 * one (supervisor/answers.h). */
static const char *const endings[] = {[MACHINE_LOADER_AUTO] = "",
        [MACHINE_LOADER_IPXE] = ".ipxe",
        [MACHINE_LOADER_SHIM] = ".shim"};
#define ENDINGS   (int)(sizeof(endings) / sizeof(endings[0]))
#define NAME_TEXT (MAC_TEXT + 5)

/* Which file a MAC of the machine has: its ending's number, -1 for none. */
static int file_of(const struct fleet *f, const struct machine *m)
{
	bool answered = fleet_answers(f, m);
	int loader = (int)loader_wanted(m);

	if (answered && loader > MACHINE_LOADER_AUTO && loader < ENDINGS)
		return loader;
	return answered != f->scope_all ? MACHINE_LOADER_AUTO : -1;
}

static void file_name(const char *mac, int ending, char ret[NAME_TEXT])
{
	(void)snprintf(ret, NAME_TEXT, "%s%s", mac, endings[ending]);
	for (char *p = ret; *p; p++)
		*p = *p == ':' ? '-' : *p;
}

/* dnsmasq reads a new file at once (inotify): it must be whole when it gets its name. */
static int file_write(int dir, const char *mac, const char *name)
{
	char line[MAC_TEXT + 1], path[64];
	CLEANUP_CLOSE int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
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
	int wanted = file_of(w->f, m), r = 0;

	for (int i = 0; r == 0 && i < ENDINGS; i++) {
		char name[NAME_TEXT];
		file_name(mac, i, name);
		bool is = faccessat(w->dir, name, F_OK, 0) == 0;
		if (is == (i == wanted))
			continue;
		if (i == wanted)
			r = file_write(w->dir, mac, name);
		else if (unlinkat(w->dir, name, 0) < 0)
			r = -errno;
		if (r < 0)
			log_error("answer list %s/%s: %s", w->f->hosts, name, strerror(-r));
		else
			w->changed = true;
	}
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

static int gone_note(int64_t machine, int64_t now, void *context)
{
	bool *gone = context;

	(void)machine;
	*gone |= now == 0;
	return 0;
}

int fleet_answer_changed(struct fleet *f, bool *ret_changed)
{
	struct answer_walk w;
	bool gone = false;
	int64_t sequence = 0, models = 0;
	int r = store_gone(f->store, &f->answers_gone, gone_note, &gone);

	/* Nobody knows its MACs any more: what belongs to no machine is found by looking at all.
	 * What became part of another machine has changed that one. */
	if (r == 0)
		r = store_models_revision(f->store, &models);
	if (r == 0 && (gone || models != f->answers_models))
		return fleet_answer_list(f, ret_changed);
	if (r == 0)
		r = store_sequence(f->store, &sequence);
	if (r == 0)
		r = walk_open(f, &w);
	if (r < 0)
		return r;
	r = store_macs_changed(f->store, f->answers_seen, mac_correct, &w);
	(void)close(w.dir);
	if (r == 0)
		f->answers_seen = sequence;
	*ret_changed = w.changed;
	return r;
}

static int mac_collect(const char *mac, const struct machine *m, void *context)
{
	struct answer_walk *w = context;
	char name[NAME_TEXT];
	int ending = file_of(w->f, m);

	if (ending >= 0) {
		if (w->count == w->capacity) {
			size_t capacity = w->capacity ? 2 * w->capacity : 256;
			char **wanted = reallocarray(w->wanted, capacity, sizeof(*wanted));
			if (!wanted)
				return -ENOMEM;
			w->wanted = wanted;
			w->capacity = capacity;
		}
		file_name(mac, ending, name);
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
	int64_t sequence = 0, models = 0;
	int r = walk_open(f, &w);

	if (r < 0)
		return r;
	r = store_sequence(f->store, &sequence);
	if (r == 0)
		r = store_models_revision(f->store, &models);
	if (r == 0)
		r = store_macs(f->store, 0, mac_collect, &w);
	if (r == 0)
		r = strangers_remove(&w);
	if (r == 0) {
		f->answers_seen = sequence;
		f->answers_models = models;
	}
	for (size_t i = 0; i < w.count; i++)
		free(w.wanted[i]);
	free(w.wanted);
	(void)close(w.dir);
	*ret_changed = w.changed;
	return r;
}
