/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a piece of work in a child process with limits and gives back the bytes it made. What the
 * child says is as hostile as the disk it read.
 */
#ifndef REPAIR_SANDBOX_H
#define REPAIR_SANDBOX_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

/*
 * work runs in the child: it can read what the parent has open and open files for reading; it can
 * write to nothing but out and memory the parent made for it (a descriptor without a name, mapped).
 * No network, no other programs, bounded memory and time: any other system call ends it. It fills
 * out and returns 0, or a negative errno with err.
 *
 * The parent gets what work wrote to out in ret (initialised here; to be freed with buffer_free),
 * or work's error; REASON_CHILD_CRASHED when the child ended without a whole answer,
 * REASON_CHILD_TIMEOUT after seconds.
 */
int sandbox_run(int (*work)(void *context, struct buffer *out, struct error *err), void *context,
        unsigned seconds, size_t max_answer, struct buffer *ret, struct error *err);

#endif
