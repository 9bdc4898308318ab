/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/user_namespace.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static int write_file(const char *path, const char *text)
{
	int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int user_namespace_map(uid_t uid, gid_t gid)
{
	char users[32], groups[32];
	int dumpable = prctl(PR_GET_DUMPABLE);

	(void)snprintf(users, sizeof(users), "0 %u 1", uid);
	(void)snprintf(groups, sizeof(groups), "0 %u 1", gid);
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return -errno;
	int r = write_file("/proc/self/setgroups", "deny");
	if (r == 0)
		r = write_file("/proc/self/uid_map", users);
	if (r == 0)
		r = write_file("/proc/self/gid_map", groups);
	if (prctl(PR_SET_DUMPABLE, dumpable == 1) < 0 && r == 0)
		r = -errno;
	return r;
}
