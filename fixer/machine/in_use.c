/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sources: proc(5) for mountinfo and swaps; the kernel's Documentation/ABI, sysfs-block (holders,
 * partition) and sysfs-block-loop (backing_file); fcntl(2) for open file description locks.
 */
#include "fixer/machine/in_use.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"
#include "fixer/machine/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define SYS         "/sys"
#define WHO_TEXT    160
#define DEVICES_MAX 130 /* a disk and its partitions */

/* What is asked about: a file, or a disk with its partitions. */
struct subject {
	const char *path;
	struct stat st;
	size_t count;
	struct {
		dev_t number;
		char name[64]; /* "sda1" */
	} devices[DEVICES_MAX];
};

static int busy(const struct subject *s, const char *who, struct error *err)
{
	return error_set(err, -EBUSY, REASON_DISK_IN_USE, "%.120s is in use: %s", s->path, who);
}

static DIR *open_folder(const char *root, const char *name, const char *below)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s/%s", root, name, below);
	return opendir(path);
}

static void closedir_p(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static bool read_number(const char *path, dev_t *ret)
{
	unsigned major_number, minor_number;
	char text[32];

	sysfs_text(SYS, path, text, sizeof(text));
	if (sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return false;
	*ret = makedev(major_number, minor_number);
	return true;
}

static void add_device(struct subject *s, dev_t number, const char *name)
{
	if (s->count == DEVICES_MAX)
		return;
	s->devices[s->count].number = number;
	(void)snprintf(s->devices[s->count].name, sizeof(s->devices[0].name), "%.63s", name);
	s->count++;
}

/* The whole disk, when real is the folder of a partition of it. */
static void find_parent(struct subject *s, char *real)
{
	char path[PATH_MAX + 16];
	dev_t number;

	(void)snprintf(path, sizeof(path), "%s/partition", real + strlen(SYS));
	if (sysfs_number(SYS, path, 0) == 0)
		return;
	*strrchr(real, '/') = 0;
	(void)snprintf(path, sizeof(path), "%s/dev", real + strlen(SYS));
	if (read_number(path, &number))
		add_device(s, number, strrchr(real, '/') + 1);
}

/* The disk itself, then each folder of its own that has a partition's number. */
static void find_devices(struct subject *s)
{
	char link[PATH_MAX], real[PATH_MAX], path[2 * PATH_MAX];
	const struct dirent *entry;
	dev_t number;

	(void)snprintf(link, sizeof(link), SYS "/dev/block/%u:%u", major(s->st.st_rdev),
	        minor(s->st.st_rdev));
	if (!realpath(link, real))
		return;
	add_device(s, s->st.st_rdev, strrchr(real, '/') + 1);
	DIR *dir CLEANUP(closedir_p) = opendir(real);
	while (dir && (entry = readdir(dir))) {
		(void)snprintf(
		        path, sizeof(path), "%s/%s/partition", real + strlen(SYS), entry->d_name);
		if (entry->d_name[0] == '.' || sysfs_number(SYS, path, 0) == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s/dev", real + strlen(SYS), entry->d_name);
		if (read_number(path, &number))
			add_device(s, number, entry->d_name);
	}
	find_parent(s, real);
}

/* --- mounts, swap ----------------------------------------------------------------------------- */

/* Lines of mountinfo: ID, parent, MAJOR:MINOR, root, mount point. */
static int check_mounts(const struct subject *s, struct error *err)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], point[1024], who[WHO_TEXT];
	unsigned major_number, minor_number;
	int r = 0;

	while (f && r == 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*d %*d %u:%u %*s %1023s", &major_number, &minor_number, point) !=
		        3)
			continue;
		for (size_t i = 0; r == 0 && i < s->count; i++) {
			if (s->devices[i].number != makedev(major_number, minor_number))
				continue;
			(void)snprintf(who, sizeof(who), "%.30s is mounted at %.100s",
			        s->devices[i].name, point);
			r = busy(s, who, err);
		}
	}
	if (f)
		(void)fclose(f);
	return r;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The name under which path is part of the subject; NULL when it is not. */
static const char *part_named(const struct subject *s, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return NULL;
	if (s->count == 0)
		return same_file(&st, &s->st) ? "it" : NULL;
	for (size_t i = 0; S_ISBLK(st.st_mode) && i < s->count; i++)
		if (s->devices[i].number == st.st_rdev)
			return s->devices[i].name;
	return NULL;
}

static int check_swap(const struct subject *s, struct error *err)
{
	FILE *f = fopen("/proc/swaps", "re");
	char line[4096], path[1024], who[WHO_TEXT];
	int r = 0;

	while (f && r == 0 && fgets(line, sizeof(line), f)) {
		const char *name = NULL;
		if (sscanf(line, "%1023s", path) == 1 && path[0] == '/')
			name = part_named(s, path);
		if (!name)
			continue;
		(void)snprintf(who, sizeof(who), "%.30s is swapped to", name);
		r = busy(s, who, err);
	}
	if (f)
		(void)fclose(f);
	return r;
}

/* --- devices made of it ------------------------------------------------------------------------
 */

static int check_holders_of(const struct subject *s, const char *name, struct error *err)
{
	DIR *dir CLEANUP(closedir_p) = open_folder(SYS "/class/block", name, "holders");
	const struct dirent *entry;
	char path[PATH_MAX], label[64], who[WHO_TEXT];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "block/%s/dm/name", entry->d_name);
		sysfs_text(SYS, path, label, sizeof(label));
		(void)snprintf(who, sizeof(who), "%.30s is part of %.30s%s%.60s%s", name,
		        entry->d_name, label[0] ? " (" : "", label, label[0] ? ")" : "");
		return busy(s, who, err);
	}
	return 0;
}

static int check_loops(const struct subject *s, struct error *err)
{
	DIR *dir CLEANUP(closedir_p) = opendir(SYS "/block");
	const struct dirent *entry;
	char path[PATH_MAX], file[PATH_MAX], who[WHO_TEXT];

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "loop", 4) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "block/%s/loop/backing_file", entry->d_name);
		sysfs_text(SYS, path, file, sizeof(file));
		const char *name = file[0] ? part_named(s, file) : NULL;
		if (!name)
			continue;
		(void)snprintf(
		        who, sizeof(who), "%.30s is attached to /dev/%.30s", name, entry->d_name);
		return busy(s, who, err);
	}
	return 0;
}

/* --- locks -------------------------------------------------------------------------------------
 */

/* A process, not we, that has this file open. */
static bool has_open(const struct subject *s, const char *pid)
{
	DIR *dir CLEANUP(closedir_p) = open_folder("/proc", pid, "fd");
	const struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && same_file(&st, &s->st))
			return true;
	return false;
}

static void name_process(const struct subject *s, char who[WHO_TEXT])
{
	DIR *dir CLEANUP(closedir_p) = opendir("/proc");
	const struct dirent *entry;
	char path[64], name[64], self[16];

	(void)snprintf(self, sizeof(self), "%d", (int)getpid());
	(void)snprintf(who, WHO_TEXT, "another program has locked it");
	while (dir && (entry = readdir(dir))) {
		const char *pid = entry->d_name;
		if (pid[0] < '0' || pid[0] > '9' || strcmp(pid, self) == 0 || !has_open(s, pid))
			continue;
		(void)snprintf(path, sizeof(path), "%.20s/comm", pid);
		sysfs_text("/proc", path, name, sizeof(name));
		(void)snprintf(who, WHO_TEXT, "%.40s (process %.20s) has locked it", name, pid);
		return;
	}
}

static int check_locks(const struct subject *s, struct error *err)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd CLEANUP_CLOSE = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char who[WHO_TEXT];

	if (fd < 0 || fcntl(fd, F_OFD_GETLK, &whole) < 0 || whole.l_type == F_UNLCK)
		return 0;
	name_process(s, who);
	return busy(s, who, err);
}

int disk_in_use(const char *path, bool locks, struct error *err)
{
	struct subject s = {.path = path};
	int r = 0;

	if (stat(path, &s.st) < 0 || (!S_ISBLK(s.st.st_mode) && !S_ISREG(s.st.st_mode)))
		return 0;
	if (S_ISBLK(s.st.st_mode))
		find_devices(&s);
	r = check_mounts(&s, err);
	if (r == 0)
		r = check_swap(&s, err);
	for (size_t i = 0; r == 0 && i < s.count; i++)
		r = check_holders_of(&s, s.devices[i].name, err);
	if (r == 0)
		r = check_loops(&s, err);
	if (r == 0 && locks)
		r = check_locks(&s, err);
	return r;
}
