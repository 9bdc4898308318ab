/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/replay.h"
#include "fixer/base/text.h"
#include "fixer/ntfs/view.h"
#include "fixer/repair/plan.h"
#include "fixer/repair/replay_internal.h"
#include "fixer/repair/sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const stock_programs[] = {"/bin/ntfsrecover", "/usr/bin/ntfsrecover", NULL};
const char *const *replay_programs = stock_programs;

/* Of the child process: what prepare() made, or why it could not. */
static struct {
	struct replay_mount mount;
	struct replay_runner runner;
	struct fuse_session *session;
	uint32_t ms;          /* for one run of the program */
	struct error missing; /* code set: there can be no replay */
} stage;

/* --- before the child is confined ------------------------------------------------------------- */

static int open_program(const char **ret_path, struct error *err)
{
	for (size_t i = 0; replay_programs[i]; i++) {
		int program = open(replay_programs[i], O_PATH | O_CLOEXEC);
		*ret_path = replay_programs[i];
		if (program >= 0)
			return program;
	}
	return error_set(err, -ENOENT, REASON_REPLAY_UNAVAILABLE,
	        "there is no %s: install the package ntfs-3g", replay_programs[0]);
}

static int build(int program, const char *path, struct error *err)
{
	int r = replay_namespaces(err);
	if (r == 0)
		r = replay_mount(&stage.mount, err);
	if (r == 0)
		r = replay_lock_mounts(err);
	if (r < 0)
		return r;
	r = replay_runner_start(program, path, stage.mount.file, &stage.runner);
	(void)close(stage.mount.file);
	if (r == 0 && !(stage.session = replay_session_new(stage.mount.device)))
		r = -ENOMEM;
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY,
		        "cannot start the process that runs ntfsrecover: %s", strerror(-r));
	(void)signal(SIGPIPE, SIG_IGN); /* a runner that is gone is an error */
	return 0;
}

static void prepare(unsigned seconds, int ways_out[SANDBOX_WAYS_OUT])
{
	/* A quarter is left for the work around it. */
	unsigned most = seconds * 3 / 4 < REPLAY_SECONDS ? seconds * 3 / 4 : REPLAY_SECONDS;

	stage.ms = (most > 0 ? most : 1) * 1000;
	stage.runner = (struct replay_runner){.pid = -1, .socket = -1};
	const char *path = NULL;
	int program = open_program(&path, &stage.missing);
	if (program < 0)
		return;
	if (build(program, path, &stage.missing) == 0) {
		ways_out[0] = stage.runner.socket;
		ways_out[1] = stage.mount.device;
	}
	(void)close(program);
}

static void finish(void)
{
	if (stage.runner.pid < 0)
		return;
	(void)close(stage.runner.socket);
	while (waitpid(stage.runner.pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int sandbox_run_replaying(int (*work)(void *context, struct buffer *out, struct error *err),
        void *context, unsigned seconds, size_t max_answer, struct buffer *ret, struct error *err)
{
	const struct sandbox_job job = {.work = work,
	        .context = context,
	        .seconds = seconds,
	        .max_answer = max_answer,
	        .prepare = prepare,
	        .finish = finish};

	return sandbox_run_job(&job, ret, err);
}

/* --- in its work ------------------------------------------------------------------------------ */

static int failed(struct error *err, const char *what, const struct replay_result *result)
{
	char line[sizeof(result->last_line) + 1] = "", clean[sizeof(line)];

	memcpy(line, result->last_line, sizeof(result->last_line));
	text_clean(clean, sizeof(clean), line);
	return error_set(err, -EIO, REASON_NTFS_REPLAY_FAILED, "ntfsrecover %s%s%s", what,
	        clean[0] ? ", saying: " : "", clean);
}

static int judge_status(int status, const struct replay_result *result, struct error *err)
{
	char what[80];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		(void)snprintf(what, sizeof(what), "ended with status %d", WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGSYS)
		(void)snprintf(what, sizeof(what), "made a system call it may not make");
	else
		(void)snprintf(what, sizeof(what), "died of signal %d (%s)", WTERMSIG(status),
		        strsignal(WTERMSIG(status)));
	return failed(err, what, result);
}

static int judge(const struct replay_result *result, struct error *err)
{
	char what[80];

	switch ((enum replay_end)result->end) {
	case REPLAY_ENDED:
		return judge_status(result->status, result, err);
	case REPLAY_TIMED_OUT:
		(void)snprintf(what, sizeof(what), "took over %u seconds", stage.ms / 1000);
		return failed(err, what, result);
	case REPLAY_TALKED:
		return failed(err, "printed without end", result);
	case REPLAY_NOT_STARTED:
		break;
	}
	return error_set(err, -EIO, REASON_REPLAY_UNAVAILABLE, "ntfsrecover does not start: %s",
	        strerror(result->status));
}

/* The program's word is not enough: it ends with 0 when it could not write the restart pages. */
static int check_clean(struct block_device *volume, struct error *err)
{
	struct error why = {0};
	struct ntfs_view *view;

	int r = ntfs_view_open(volume, &view, &why);
	if (r < 0)
		return error_set(err, r,
		        why.reason == REASON_NTFS_DAMAGED ? REASON_NTFS_REPLAY_FAILED : why.reason,
		        "after ntfsrecover ended without an error: %.230s", why.text);
	enum journal_state state = ntfs_view_facts(view)->journal;
	(void)ntfs_view_close(view); /* it wrote nothing */
	if (state == JOURNAL_CLEAN)
		return 0;
	return error_set(err, -EIO, REASON_NTFS_REPLAY_FAILED,
	        "ntfsrecover ended without an error, but the journal is %s",
	        journal_state_name(state));
}

int replay_journal(struct block_device *volume, struct error *err)
{
	struct replay_result result;
	int io_error;

	if (stage.missing.code < 0) {
		*err = stage.missing;
		return stage.missing.code;
	}
	int r = replay_serve(stage.session, &stage.runner, volume, stage.ms, &result, &io_error);
	if (r < 0) {
		(void)error_set(err, r, REASON_NTFS_REPLAY_FAILED,
		        "the process that runs ntfsrecover is gone: %s", strerror(-r));
		/* What it may have left running must not see another volume. */
		stage.missing = *err;
		return r;
	}
	if (io_error == -ENOSPC || io_error == -ENOMEM)
		return error_set(err, io_error, REASON_OUT_OF_MEMORY,
		        "replaying the journal changes more than fits into memory");
	if (io_error < 0)
		return error_set(err, io_error, REASON_DISK_READ_ERROR,
		        "reading the volume to replay its journal failed: %s", strerror(-io_error));
	r = judge(&result, err);
	return r < 0 ? r : check_clean(volume, err);
}
