/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/guard/landlock.h"

#include "appliance/guard/guard.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FOR_FILES                                                     \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_FS_TRUNCATE | LANDLOCK_FS_IOCTL_DEV)

int guard_landlock_abi(void)
{
	long abi = syscall(
	        SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

int landlock_new(const struct landlock_rules *rules)
{
	long fd = syscall(SYS_landlock_create_ruleset, rules, sizeof(*rules), 0);

	return fd < 0 ? -errno : (int)fd;
}

int landlock_allow(int ruleset, const char *path, uint64_t access)
{
	int CLEANUP_CLOSE fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	struct landlock_path_beneath_attr rule = {
	        .allowed_access = S_ISDIR(st.st_mode) ? access : access & FOR_FILES,
	        .parent_fd = fd,
	};
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

int landlock_restrict(int ruleset)
{
	int CLEANUP_CLOSE fd = ruleset;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	        syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return -errno;
	return 0;
}
