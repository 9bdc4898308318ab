/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/user_namespace.h"
#include "fixer/repair/replay_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int replay_namespaces(struct error *err)
{
	const int wanted = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID;
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int r = 0;

	/* This user is user 0 there: the mount's file belongs to 0 until somebody asks whose it is,
	 * and nobody may write to a file whose owner has no number there. */
	if (unshare(wanted) < 0)
		r = unshare(wanted | CLONE_NEWUSER) < 0 ? -errno : user_namespace_map(uid, gid);
	if (r < 0)
		return error_set(err, r, REASON_REPLAY_UNAVAILABLE,
		        "no namespaces for ntfsrecover to run in (%s): run as root, or let users "
		        "make user namespaces",
		        r == -ENOSPC ? "a limit in /proc/sys/user" : strerror(-r));
	return 0;
}

int replay_lock_mounts(struct error *err)
{
	struct mount_attr locked = {
	        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID};

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &locked, sizeof(locked)) < 0)
		return error_set(err, -errno, REASON_REPLAY_UNAVAILABLE,
		        "the file systems ntfsrecover would see cannot be made read-only (%s): "
		        "needs Linux 5.12, and no chroot",
		        strerror(errno));
	return 0;
}

/* The root of the file system is a file: there is no directory to look anything up in. */
static int mount_file(int device)
{
	char number[16], user[16], group[16];
	int context = fsopen("fuse", FSOPEN_CLOEXEC), file = -1;

	if (context < 0)
		return -errno;
	(void)snprintf(number, sizeof(number), "%d", device);
	(void)snprintf(user, sizeof(user), "%u", geteuid());
	(void)snprintf(group, sizeof(group), "%u", getegid());
	if (fsconfig(context, FSCONFIG_SET_STRING, "source", "netmend", 0) == 0 &&
	        fsconfig(context, FSCONFIG_SET_STRING, "fd", number, 0) == 0 &&
	        fsconfig(context, FSCONFIG_SET_STRING, "rootmode", "100600", 0) == 0 &&
	        fsconfig(context, FSCONFIG_SET_STRING, "user_id", user, 0) == 0 &&
	        fsconfig(context, FSCONFIG_SET_STRING, "group_id", group, 0) == 0 &&
	        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		file = fsmount(context, FSMOUNT_CLOEXEC,
		        MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	int r = file < 0 ? -errno : file;
	(void)close(context);
	return r;
}

int replay_mount(struct replay_mount *ret, struct error *err)
{
	/* Non-blocking: a request may be taken back between being announced and being read. */
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (device < 0)
		return error_set(err, -errno, REASON_REPLAY_UNAVAILABLE,
		        "no /dev/fuse for ntfsrecover to see the volume through (%s): modprobe "
		        "fuse, or run as a user who may open it",
		        strerror(errno));
	int file = mount_file(device);
	if (file < 0) {
		(void)close(device);
		return error_set(err, file, REASON_REPLAY_UNAVAILABLE,
		        "a FUSE file system for ntfsrecover cannot be mounted: %s",
		        strerror(-file));
	}
	ret->device = device;
	ret->file = file;
	return 0;
}
