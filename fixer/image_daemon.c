/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/image_daemon.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#define PROGRAM    "qemu-storage-daemon"
#define START_MS   30000
#define STOP_MS    30000
#define NOT_FOUND  127 /* exit status of the child when there is no such program */
#define LOG_LENGTH 1000

/* --- isolation -------------------------------------------------------------------------------- */

/* Root of a user namespace in which our user is the only one. */
static int become_user_root(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	return user_namespace_map(uid, gid);
}

int image_daemon_isolate(struct error *err)
{
	static bool done;

	if (done)
		return 0;
	int r = unshare(CLONE_NEWNS) == 0 ? 0 : become_user_root();
	/* What is mounted and unmounted outside is seen here; not the other way round. */
	if (r == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		r = -errno;
	if (r < 0)
		return error_set(err, r, REASON_IMAGE_FORMAT,
		        "this image can only be opened by root here (no mount namespace: %s); or "
		        "convert it with qemu-img convert -O raw",
		        strerror(-r));
	done = true;
	return 0;
}

/* --- the child -------------------------------------------------------------------------------- */

struct arguments {
	char *file, *disk, *mount; /* JSON of --blockdev, --blockdev, --export */
};

static void arguments_free(struct arguments *a)
{
	free(a->file);
	free(a->disk);
	free(a->mount);
}

static char *dump(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	return text;
}

static const char *driver_of(enum image_format format)
{
	return format == IMAGE_VHD ? "vpc" : image_format_name(format);
}

/* Without a backing file, whatever the image names: it was looked at and has none. */
static int arguments_make(
        struct arguments *a, const char *path, enum image_format format, bool writable)
{
	json_t *disk = json_pack("{s:s, s:s, s:s, s:b}", "driver", driver_of(format), "node-name",
	        "disk", "file", "file", "read-only", (int)!writable);

	if (format == IMAGE_QCOW2 || format == IMAGE_VMDK)
		(void)json_object_set_new(disk, "backing", json_null());
	*a = (struct arguments){.disk = dump(disk)};
	a->file = dump(json_pack("{s:s, s:s, s:s, s:b}", "driver", "file", "node-name", "file",
	        "filename", path, "read-only", (int)!writable));
	a->mount = dump(json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "type", "fuse", "id", "export",
	        "node-name", "disk", "mountpoint", path, "writable", (int)writable, "allow-other",
	        "off"));
	return a->disk && a->file && a->mount ? 0 : -EINVAL;
}

/* In a session of its own, so that Ctrl-C in the terminal is ours to handle; without network, and
 * with no more privilege to be had. It ends in order when we die. */
__attribute__((noreturn)) static void child(
        const struct arguments *a, pid_t parent, int log, int null)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)unshare(CLONE_NEWNET);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	        getppid() != parent || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(log, 2) < 0)
		_exit(1);
	(void)execlp(PROGRAM, PROGRAM, "--blockdev", a->file, "--blockdev", a->disk, "--export",
	        a->mount, NULL);
	_exit(errno == ENOENT ? NOT_FOUND : 1);
}

/* --- starting --------------------------------------------------------------------------------- */

static void pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Which file system shows at path; asks no daemon. */
static int device_at(const char *path, dev_t *ret)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return -errno;
	*ret = makedev(st.stx_dev_major, st.stx_dev_minor);
	return 0;
}

/* What the daemon said, on one line, without the argument it quotes. */
static void last_words(int log, char out[LOG_LENGTH])
{
	char text[LOG_LENGTH] = "";

	if (pread(log, text, sizeof(text) - 1, 0) <= 0)
		(void)snprintf(text, sizeof(text), "no message");
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = ' ';
	const char *quoted = strstr(text, "}: ");
	(void)snprintf(out, LOG_LENGTH, "%s", quoted ? quoted + 3 : text);
}

static int failed(const char *path, int status, int log, struct error *err)
{
	char words[LOG_LENGTH];

	last_words(log, words);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return error_set(err, -ENOENT, REASON_IMAGE_FORMAT,
		        "%s: needs " PROGRAM " (Debian package qemu-system-common), or convert it "
		        "with qemu-img convert -O raw",
		        path);
	if (strstr(words, "Failed to get") && strstr(words, "lock"))
		return error_set(err, -EBUSY, REASON_DISK_IN_USE,
		        "%s: a virtual machine or another program of QEMU has it open", path);
	if (strstr(words, "Permission denied") || strstr(words, "Read-only") ||
	        strstr(words, "not permitted"))
		return error_set(err, -EACCES, REASON_CANNOT_OPEN, "%s: %.200s", path, words);
	if (strstr(words, "fuse") || strstr(words, "FUSE"))
		return error_set(err, -ENODEV, REASON_IMAGE_FORMAT,
		        "%s: needs FUSE (modprobe fuse; QEMU with FUSE exports), or convert it "
		        "with "
		        "qemu-img convert -O raw: %.120s",
		        path, words);
	return error_set(err, -ENOTSUP, REASON_IMAGE_FORMAT, "%s: %.200s", path, words);
}

/* Until the disk shows at path in place of the file. */
static int wait_mounted(struct image_daemon *d, const char *path, struct error *err)
{
	for (int ms = 0; ms < START_MS; ms += 2) {
		int status;
		dev_t now;
		if (waitpid(d->pid, &status, WNOHANG) == d->pid) {
			d->pid = 0;
			return failed(path, status, d->log, err);
		}
		if (device_at(path, &now) == 0 && now != d->before)
			return 0;
		pause_ms(2);
	}
	return error_set(err, -ETIMEDOUT, REASON_IMAGE_FORMAT,
	        "%s: " PROGRAM " did not open it in %d seconds", path, START_MS / 1000);
}

static int spawn(struct image_daemon *d, const struct arguments *a, struct error *err)
{
	int null CLEANUP_CLOSE = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t self = getpid();

	d->log = memfd_create("log", MFD_CLOEXEC);
	if (null < 0 || d->log < 0)
		return error_set(
		        err, -errno, REASON_INTERNAL, "starting " PROGRAM ": %s", strerror(errno));
	d->pid = fork();
	if (d->pid == 0)
		child(a, self, d->log, null);
	if (d->pid < 0)
		return error_set(err, -errno, REASON_OUT_OF_MEMORY, "starting " PROGRAM ": %s",
		        strerror(errno));
	return 0;
}

int image_daemon_start(struct image_daemon *d, const char *path, enum image_format format,
        bool writable, struct error *err)
{
	struct arguments a;

	*d = (struct image_daemon){.log = -1};
	int r = device_at(path, &d->before);
	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", path, strerror(-r));
	r = arguments_make(&a, path, format, writable);
	if (r < 0)
		r = error_set(err, r, REASON_CANNOT_OPEN,
		        "%s: its name is no UTF-8 text, which " PROGRAM " wants", path);
	if (r == 0)
		r = spawn(d, &a, err);
	arguments_free(&a);
	if (r == 0)
		r = wait_mounted(d, path, err);
	if (r < 0)
		(void)image_daemon_stop(d, path);
	return r;
}

/* --- stopping --------------------------------------------------------------------------------- */

static int wait_end(pid_t pid, int *ret_status)
{
	for (int ms = 0; ms < STOP_MS; ms += 2) {
		if (waitpid(pid, ret_status, WNOHANG) == pid)
			return 0;
		pause_ms(2);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, ret_status, 0);
	return -ETIMEDOUT;
}

int image_daemon_stop(struct image_daemon *d, const char *path)
{
	int status = 0, r = 0;
	dev_t now;

	if (d->pid > 0) {
		(void)kill(d->pid, SIGTERM);
		r = wait_end(d->pid, &status);
		/* In order, it has taken its mount away. */
		if (device_at(path, &now) == 0 && now != d->before)
			(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	if (d->log >= 0)
		(void)close(d->log);
	*d = (struct image_daemon){.log = -1};
	return r == 0 && status == 0 ? 0 : -EIO;
}
