/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files that make the child processes of sandbox.h and replay.h. */
#ifndef REPAIR_SANDBOX_INTERNAL_H
#define REPAIR_SANDBOX_INTERNAL_H

#include "fixer/repair/sandbox.h"

#include <stdint.h>
#include <sys/types.h>

#define SANDBOX_WAYS_OUT 2

struct sandbox_job {
	int (*work)(void *context, struct buffer *out, struct error *err);
	void *context;
	unsigned seconds;
	size_t max_answer;
	/* In the child around work, or NULL. prepare runs before limits and filter, with no way out
	 * but the answer open, and tells what else work may write to (-1: nothing); finish runs
	 * after work. */
	void (*prepare)(unsigned seconds, int ways_out[SANDBOX_WAYS_OUT]);
	void (*finish)(void);
};

/* What sandbox_run() does, for any job. */
int sandbox_run_job(const struct sandbox_job *job, struct buffer *ret, struct error *err);

/* The child: never returns. answer: the pipe's end to write to; parent: who started it. */
__attribute__((noreturn)) void sandbox_child(
        const struct sandbox_job *job, int answer, pid_t parent);

/* The answer on the pipe: this header, then either the work's bytes or the error's text. */
#define ANSWER_MAGIC  0x31646c6843 /* "Chld1" */
#define ANSWER_HEADER 24           /* u64 magic, i32 code, u32 reason, u64 length of what follows */

/* Lowers a limit; where it is lower already it stays. */
void sandbox_limit(int resource, uint64_t value);

/* Makes this process end with its parent. -ESRCH when the parent is gone already. */
int sandbox_die_with(pid_t parent);

/* Takes every privilege from this process, also what executing a program as root would give. */
int sandbox_drop_privileges(void);

/* Standard streams to /dev/null; closes all other descriptors that could reach another process,
 * but for keep; what is open for writing is opened again for reading only, but for files that have
 * no name: the parent's scratch. */
int sandbox_close_ways_out(int keep);

int64_t sandbox_now_ms(void); /* CLOCK_MONOTONIC */

/* --- sandbox_filter.c: which system calls -----------------------------------------------------
 * Any other call ends the process by SIGSYS before it does anything. 0 or a negative errno. With a
 * sanitizer, which needs more calls than can be told, they do nothing. */

/* For work: reads what is open, opens for reading, writes to these descriptors (-1: none). */
int sandbox_filter_work(const int *ways_out, size_t count);

/* For a program that is about to be executed from descriptor number program, which no call can
 * make again: it must lie above the limit on descriptors. */
int sandbox_filter_program(int program);

#endif
