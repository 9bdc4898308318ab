/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/walls.h"

#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct guard_path for_libraries[] = {{.path = "/etc"}, {.path = "/usr"},
        {.path = "/lib"}, {.path = "/lib64"}, {.path = "/run/systemd/resolve"},
        {.path = "/run/resolvconf"}, {.path = "/run/NetworkManager"}, {.path = "/proc/self"},
        {.path = "/proc/sys"}, {.path = "/dev/urandom"}, {.path = "/dev/null", .write = true}};

static const struct guard_path for_programs[] = {{.path = "/", .execute = true},
        {.path = "/tmp", .write = true}, {.path = "/dev/null", .write = true}};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool starts_programs(const struct source_settings *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->sources[i].type, "exec") == 0)
			return true;
	return false;
}

static int restrict_files(const struct source_settings *s, bool programs)
{
	struct guard_path paths[COUNT(for_libraries) + NM_MAX_SOURCES + 1];
	const char *krb5_conf = getenv("KRB5_CONFIG"); /* libkrb5's own variable */
	size_t count = COUNT(for_libraries);

	if (programs)
		return guard_paths(for_programs, COUNT(for_programs));
	memcpy(paths, for_libraries, sizeof(for_libraries));
	for (size_t i = 0; i < s->count; i++) {
		const char *keytab = source_option(&s->sources[i].options, "keytab");
		if (keytab)
			paths[count++] = (struct guard_path){.path = keytab};
	}
	if (krb5_conf)
		paths[count++] = (struct guard_path){.path = krb5_conf};
	return guard_paths(paths, count);
}

int walls_raise(const struct source_settings *s, struct error *err)
{
	bool programs = starts_programs(s), locked = false;
	int r = guard_memory(&locked);

	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot protect the process's memory: %s",
		        strerror(-r));
	if (!locked)
		log_warning("only what keys are kept in is locked in memory, not the rest: the "
		            "limit is too low");
	r = restrict_files(s, programs);
	if (r == -EOPNOTSUPP)
		log_warning(
		        "this kernel has no Landlock: files are protected by their modes alone");
	else if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot give up files: %s", strerror(-r));
	return guard_calls(programs ? GUARD_FETCH_EXEC : GUARD_FETCH, err);
}
