/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/walls.h"

#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

static const struct guard_path for_libraries[] = {{.path = "/etc"}, {.path = "/usr"},
        {.path = "/lib"}, {.path = "/lib64"}, {.path = "/run/systemd/resolve"},
        {.path = "/run/resolvconf"}, {.path = "/run/NetworkManager"}, {.path = "/proc/self"},
        {.path = "/proc/sys"}, {.path = "/dev/urandom"}, {.path = "/dev/random"},
        {.path = "/dev/null", .write = true}};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

int power_walls_raise(struct error *err)
{
	bool locked = false;
	int r = guard_memory(&locked);

	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot protect the process's memory: %s",
		        strerror(-r));
	if (!locked)
		log_warning("only passwords as they came are locked in memory, not the rest: the "
		            "limit is too low");
	/* Libraries look around once, before there are threads and walls. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "cannot start libcurl");
	r = guard_paths(for_libraries, COUNT(for_libraries));
	if (r == -EOPNOTSUPP)
		log_warning(
		        "this kernel has no Landlock: files are protected by their modes alone");
	else if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot give up files: %s", strerror(-r));
	return guard_calls(GUARD_POWER, err);
}
