/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/walls.h"

#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folder, not the file: a new kernel is put in place of the old one while we run, and SQLite's
 * journal lies beside the database. */
static const char *folder_of(const char *path, char copy[PATH_MAX])
{
	snprintf(copy, PATH_MAX, "%s", path);
	return dirname(copy);
}

#define PATHS_MAX 40

struct wall_paths {
	struct guard_path all[PATHS_MAX];
	size_t count;
	char folders[PATHS_MAX][PATH_MAX];
};

static void allow(struct wall_paths *w, const char *path, bool write)
{
	if (w->count < PATHS_MAX)
		w->all[w->count++] = (struct guard_path){.path = path, .write = write};
}

static void allow_folder(struct wall_paths *w, const char *path, bool write)
{
	if (w->count < PATHS_MAX)
		allow(w, folder_of(path, w->folders[w->count]), write);
}

/* The server's name, its certificate: libpq and the resolver read them at each connect. */
static void allow_server(struct wall_paths *w, const struct store *store)
{
	static const char *const read[] = {"/etc/resolv.conf", "/run/systemd/resolve", "/etc/hosts",
	        "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
	        "/etc/passwd", "/etc/ssl", "/usr/share/ca-certificates", "/usr/lib/ssl"};
	const char *named[STORE_FILES_MAX];
	size_t count = store_files(store, named);

	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		allow(w, read[i], false);
	for (size_t i = 0; i < count; i++)
		allow_folder(w, named[i], false);
}

static int restrict_files(const struct web_options *o, const struct store *store)
{
	struct wall_paths *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	if (o->database[0])
		allow_folder(w, o->database, true);
	else
		allow_server(w, store);
	allow(w, o->bundles, true);
	allow(w, o->hosts, true);
	allow_folder(w, o->kernel, false);
	allow_folder(w, o->initrd, false);
	allow_folder(w, o->program, false);
	allow(w, o->media, false);
	allow(w, o->templates, false);
	allow(w, "/etc/localtime", false);
	allow(w, "/dev/urandom", false);
	int r = guard_paths(w->all, w->count);
	free(w);
	return r;
}

int web_walls_raise(const struct web_options *options, const struct store *store, struct error *err)
{
	int r = restrict_files(options, store);

	if (r == -EOPNOTSUPP)
		log_warning(
		        "this kernel has no Landlock: files are protected by their modes alone");
	else if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot give up files: %s", strerror(-r));
	return guard_calls(GUARD_WEB, err);
}
