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
 * work runs in the child: no network, no new files, no output, bounded memory and time. It fills
 * out and returns 0, or a negative errno with err. Everything the parent had is readable there.
 *
 * The parent gets what work wrote to out in ret (initialised here; to be freed with buffer_free),
 * or work's error; REASON_CHILD_CRASHED when the child ended without a whole answer,
 * REASON_CHILD_TIMEOUT after seconds.
 */
int sandbox_run(int (*work)(void *context, struct buffer *out, struct error *err), void *context,
        unsigned seconds, size_t max_answer, struct buffer *ret, struct error *err);

#endif
