/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/surroundings.h"
#include "fixer/base/log.h"
#include "initrd/init/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define EFIVARS "/sys/firmware/efi/efivars"

static void mount_one(const char *type, const char *where, unsigned long flags, const char *options)
{
	(void)mkdir(where, 0755);
	if (mount(type, where, type, MS_NOSUID | MS_NOEXEC | flags, options) < 0 && errno != EBUSY)
		log_error("cannot mount %s on %s: %s", type, where, strerror(errno));
}

/* Whatever is missing leaves the stream as the kernel gave it. */
static void set_stream(int stream, const char *path, int flags)
{
	int fd = open(path, flags | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (dup2(fd, stream) < 0)
		log_error("cannot use %s: %s", path, strerror(errno));
	if (fd != stream)
		(void)close(fd);
	/* Inherited by the fixer; dup2() onto another number has cleared the flag already. */
	(void)fcntl(stream, F_SETFD, 0);
}

void surroundings_make(void)
{
	const struct rlimit none = {0, 0};

	mount_one("devtmpfs", "/dev", 0, "mode=0755");
	set_stream(STDIN_FILENO, "/dev/null", O_RDONLY);
	set_stream(STDOUT_FILENO, "/dev/console", O_WRONLY);
	set_stream(STDERR_FILENO, "/dev/kmsg", O_WRONLY);
	mount_one("proc", "/proc", MS_NODEV, NULL);
	mount_one("sysfs", "/sys", MS_NODEV, NULL);
	mount_one("tmpfs", "/run", MS_NODEV, "mode=0755");
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		log_error("cannot turn core dumps off: %s", strerror(errno));
	if (sysfs_write("/proc/sys/kernel/panic", "30") < 0)
		log_warning("a kernel panic will not restart this machine");
	(void)sysfs_write(
	        "/proc/sys/kernel/printk_devkmsg", "on"); /* else our own lines are rationed */
	/* Ctrl-Alt-Del comes to init as SIGINT. */
	if (reboot(RB_DISABLE_CAD) < 0)
		log_warning("Ctrl-Alt-Del will restart at once: %s", strerror(errno));
	(void)setenv("PATH", "/bin", 1);
}

void surroundings_mount_efivars(void)
{
	if (access(EFIVARS, F_OK) == 0)
		mount_one("efivarfs", EFIVARS, MS_NODEV, NULL);
}

void surroundings_end(void)
{
	sync();
	(void)umount2(EFIVARS, MNT_DETACH);
}
