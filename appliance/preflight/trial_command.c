/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The programs a test boot starts. */
#include "appliance/preflight/trial_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (1024 * 1024)

pid_t trial_spawn(const char *const *argv, const char *output)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || null < 0 || out < 0 ||
	        dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	        dup2(out, STDERR_FILENO) < 0 || close_range(3, ~0u, 0) < 0)
		_exit(126);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

int trial_capture(
        const struct trial *t, const char *const *argv, struct buffer *ret, struct error *err)
{
	char path[STATE_PATH_MAX];
	int status = 0;

	state_path(path, t->folder, "said");
	pid_t pid = trial_spawn(argv, path);
	if (pid < 0)
		return error_set(err, pid, REASON_INTERNAL, "cannot start %s", argv[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	int r = state_read_file(path, OUTPUT_MAX, ret, err);
	if (r < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return r;
	const char *said = ret->data ? (const char *)ret->data : "failed";
	(void)error_set(
	        err, -EIO, REASON_INTERNAL, "%s: %.*s", argv[0], (int)strcspn(said, "\n"), said);
	buffer_free(ret);
	return -EIO;
}

int trial_command(const struct trial *t, const char *const *argv, struct error *err)
{
	struct buffer said;
	int r = trial_capture(t, argv, &said, err);

	if (r == 0)
		buffer_free(&said);
	return r;
}
