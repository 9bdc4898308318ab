/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/guard/guard.h"
#include "appliance/guard/landlock.h"

#include <errno.h>
#include <unistd.h>

#ifndef __SANITIZE_ADDRESS__

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                               \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |     \
	        LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
	        LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_FS_TRUNCATE)
/* Everything of ABI 1. */
#define FIRST_ABI ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* What is judged at all, and so refused unless a path allows it. */
static uint64_t judged(int abi)
{
	uint64_t fs = FIRST_ABI;

	if (abi >= 2)
		fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		fs |= LANDLOCK_FS_TRUNCATE;
	if (abi >= 5)
		fs |= LANDLOCK_FS_IOCTL_DEV;
	return fs;
}

static int allow(int ruleset, const struct guard_path *path, uint64_t known)
{
	uint64_t access = READING;

	if (path->write)
		access |= WRITING;
	if (path->execute)
		access |= LANDLOCK_ACCESS_FS_EXECUTE;
	int r = landlock_allow(ruleset, path->path, access & known);
	return r == -ENOENT ? 0 : r;
}

int guard_paths(const struct guard_path *paths, size_t count)
{
	int abi = guard_landlock_abi();
	struct landlock_rules rules = {.fs = judged(abi)};

	if (abi == 0)
		return -EOPNOTSUPP;
	if (abi >= 6)
		rules.scoped = LANDLOCK_ABSTRACT_SOCKET | LANDLOCK_SIGNAL;
	int ruleset = landlock_new(&rules);
	if (ruleset < 0)
		return ruleset;
	for (size_t i = 0; i < count; i++) {
		int r = allow(ruleset, &paths[i], rules.fs);
		if (r < 0) {
			(void)close(ruleset);
			return r;
		}
	}
	return landlock_restrict(ruleset);
}

#else

int guard_paths(const struct guard_path *paths, size_t count)
{
	(void)paths;
	(void)count;
	return 0;
}

#endif
