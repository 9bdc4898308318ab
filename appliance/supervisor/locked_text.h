/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON with secrets in it, written in locked memory: no library gets to copy them. */
#ifndef SUPERVISOR_LOCKED_TEXT_H
#define SUPERVISOR_LOCKED_TEXT_H

#include "fixer/base/secret.h"

struct locked_text {
	struct secret *memory;
	size_t len;
	int failed; /* 0, or the first -errno; after it nothing is written any more */
};

/* capacity: bytes in all; more is -EMSGSIZE. -ENOMEM stays in failed too. */
void locked_text_init(struct locked_text *t, size_t capacity);
void locked_text_clear(struct locked_text *t);

/* Nothing secret: the arguments go through printf. */
void locked_text_format(struct locked_text *t, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* "..." with what JSON wants escaped. UTF-8 without NUL. */
void locked_text_string(struct locked_text *t, const void *text, size_t len);
void locked_text_base64(struct locked_text *t, const void *data, size_t len);

/* A pipe that holds the whole text and its end; its reading end (close-on-exec) is the caller's.
 * -EMSGSIZE when no pipe of this host holds so much; failed's -errno. */
int locked_text_pipe(const struct locked_text *t, int *ret_fd);

#endif
