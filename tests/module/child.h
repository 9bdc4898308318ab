/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server in a process of its own beside a C test. */
#ifndef TESTS_MODULE_CHILD_H
#define TESTS_MODULE_CHILD_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	pid_t pid;
	FILE *out; /* its standard output */
};

/* Starts argv (ended by NULL) and reads the first line it prints. 0, or -1. */
static inline int child_start(char *const argv[], struct child *ret, char *line, size_t size)
{
	int pipe_fds[2];

	if (pipe(pipe_fds) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(pipe_fds[1], STDOUT_FILENO);
		(void)close(pipe_fds[0]);
		(void)close(pipe_fds[1]);
		(void)execv(argv[0], argv);
		_exit(127);
	}
	(void)close(pipe_fds[1]);
	ret->pid = pid;
	ret->out = fdopen(pipe_fds[0], "r");
	if (pid < 0 || !ret->out || !fgets(line, (int)size, ret->out))
		return -1;
	line[strcspn(line, "\n")] = 0;
	return 0;
}

static inline void child_stop(struct child *c)
{
	if (c->pid > 0) {
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	if (c->out)
		(void)fclose(c->out);
	*c = (struct child){0};
}

#endif
