/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/media/work.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG         "log"
#define LOG_MAX     65536
#define FILE_MAX    ((size_t)256 * 1024 * 1024)
#define NOT_THERE   127
#define STATUS_TEXT 160

int work_open(struct work *ret, const char *output, struct error *err)
{
	const char *slash = strrchr(output, '/');
	int folder = slash ? (int)(slash - output) + 1 : 0;

	int n = snprintf(ret->path, sizeof(ret->path), "%.*s.netmend-media-XXXXXX", folder, output);
	if (n >= (int)sizeof(ret->path) - 64)
		return error_set(err, -ENAMETOOLONG, REASON_USAGE, "%s: too long a name", output);
	if (!mkdtemp(ret->path)) {
		int e = errno;
		ret->path[0] = 0;
		return error_set(err, -e, REASON_CANNOT_OPEN,
		        "cannot write into the directory of %s: %s", output, strerror(e));
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void work_close(struct work *w)
{
	if (w->path[0])
		(void)nftw(w->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	w->path[0] = 0;
}

void work_path(const struct work *w, const char *name, char ret[WORK_PATH_MAX])
{
	int n = snprintf(ret, WORK_PATH_MAX, "%s/%s", w->path, name);

	if (n >= WORK_PATH_MAX) /* names are ours and short: work_open() left room */
		ret[0] = 0;
}

int work_write(
        const struct work *w, const char *name, const void *data, size_t len, struct error *err)
{
	char path[WORK_PATH_MAX];

	work_path(w, name, path);
	return state_write_file(path, data, len, 0644, getgid(), err);
}

int work_read(const struct work *w, const char *name, struct buffer *ret, struct error *err)
{
	char path[WORK_PATH_MAX];

	work_path(w, name, path);
	return state_read_file(path, FILE_MAX, ret, err);
}

/* In the child: never returns. */
static _Noreturn void become_tool(const struct work *w, const char *const argv[])
{
	/* Nothing of the caller's settings changes a byte of the result. */
	static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	        "SOURCE_DATE_EPOCH=" WORK_EPOCH, "TZ=UTC", "LC_ALL=C.UTF-8", "HOME=/nonexistent",
	        "MTOOLSRC=/dev/null", "MTOOLS_SKIP_CHECK=1", NULL};
	int in = open("/dev/null", O_RDONLY);
	int out = chdir(w->path) == 0 ? open(LOG, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

	(void)umask(022);
	if (in >= 0 && out >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0)
		(void)execvpe(argv[0], (char *const *)(uintptr_t)argv,
		        (char *const *)(uintptr_t)environment);
	_exit(NOT_THERE);
}

/* The last line of what the tool has written that is not empty. */
static void last_words(const struct work *w, char ret[STATUS_TEXT])
{
	struct buffer log;
	struct error ignored = {0};
	char path[WORK_PATH_MAX];

	ret[0] = 0;
	work_path(w, LOG, path);
	if (state_read_file(path, LOG_MAX, &log, &ignored) < 0)
		return;
	while (log.len && log.data[log.len - 1] <= ' ')
		log.data[--log.len] = 0;
	size_t from = log.len;
	while (from && log.data[from - 1] != '\n')
		from--;
	if (log.len)
		(void)snprintf(ret, STATUS_TEXT, "%.150s", (const char *)log.data + from);
	buffer_free(&log);
}

int work_run(const struct work *w, const char *package, const char *const argv[], struct error *err)
{
	char words[STATUS_TEXT];
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		become_tool(w, argv);
	if (pid < 0)
		return error_set(err, -errno, REASON_INTERNAL, "cannot start %s: %s", argv[0],
		        strerror(errno));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(
			        err, -errno, REASON_INTERNAL, "%s: %s", argv[0], strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE)
		return error_set(err, -ENOENT, REASON_CANNOT_OPEN,
		        "%s cannot be started: apt install %s", argv[0], package);
	last_words(w, words);
	return error_set(err, -EIO, REASON_INTERNAL, "%s failed: %s", argv[0],
	        words[0] ? words : "it said nothing");
}
