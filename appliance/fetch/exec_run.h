/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a program within bounds: no shell, next to no environment, its own process group, a time and
 * an amount of output after which the group is killed. */
#ifndef FETCH_EXEC_RUN_H
#define FETCH_EXEC_RUN_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"

#include <stdbool.h>
#include <stdint.h>

#define EXEC_OUTPUT_MAX 4096 /* bytes on standard output */
#define EXEC_ERRORS_MAX 400  /* bytes kept of standard error; the rest is read and dropped */

enum exec_end {
	EXEC_EXITED,   /* status is its exit status */
	EXEC_SIGNALED, /* status is the signal */
	EXEC_TOO_SLOW,
	EXEC_TOO_MUCH,
};

struct exec_result {
	enum exec_end end;
	int status;
	struct secret *output; /* EXEC_OUTPUT_MAX bytes and a NUL */
	size_t len;            /* of it */
	char errors[EXEC_ERRORS_MAX + 1];
	size_t errors_len;
};

/*
 * argv as for execve(), argv[0] an absolute path. null_fd: /dev/null, open for reading. The program
 * runs in "/" with PATH and LANG. Returns when it has ended, or after ms milliseconds: then it and
 * its process group are killed, as is what it leaves behind in its group. 0, or -errno with
 * SOURCE_FAILED when it cannot be started.
 */
int exec_run(
        char *const argv[], int null_fd, int64_t ms, struct exec_result *ret, struct error *err);
void exec_result_clear(struct exec_result *r);

#endif
