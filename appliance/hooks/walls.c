/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/hooks/walls.h"

#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

int hooks_walls_raise(const char *place, const struct store *store, struct error *err)
{
	static const char *const libraries[] = {"/etc", "/usr", "/lib", "/lib64",
	        "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/proc/sys",
	        "/dev/urandom"};
	struct guard_path paths[sizeof(libraries) / sizeof(libraries[0]) + STORE_FILES_MAX + 1];
	const char *named[STORE_FILES_MAX];
	char copy[PATH_MAX];
	size_t count = 0, files = store_files(store, named);

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		paths[count++] = (struct guard_path){.path = libraries[i]};
	for (size_t i = 0; i < files; i++)
		paths[count++] = (struct guard_path){.path = named[i]};
	(void)snprintf(copy, sizeof(copy), "%s", place);
	if (place[0] == '/')
		paths[count++] = (struct guard_path){.path = dirname(copy), .write = true};
	int r = guard_paths(paths, count);
	if (r == -EOPNOTSUPP)
		log_warning(
		        "this kernel has no Landlock: files are protected by their modes alone");
	else if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot give up files: %s", strerror(-r));
	return guard_calls(GUARD_HOOKS, err);
}
