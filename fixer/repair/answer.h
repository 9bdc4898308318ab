/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a sandboxed child writes and its parent reads: numbers of 8 bytes, little-endian; text and
 * blobs with their length in front. Reading doubts everything: the cursor stays failed after the
 * first thing that does not fit.
 */
#ifndef REPAIR_ANSWER_H
#define REPAIR_ANSWER_H

#include "fixer/base/buffer.h"
#include "fixer/base/bytes.h"

/* As buffer_append(). */
int answer_put_number(struct buffer *out, uint64_t v);
int answer_put_numbers(struct buffer *out, const uint64_t *v, size_t count);
int answer_put_blob(struct buffer *out, const void *data, size_t len);
int answer_put_text(struct buffer *out, const char *text);

/* At most max; 0 after a failure. */
uint64_t answer_number(struct cursor *c, uint64_t max);

/* Text of less than size (at most 1024) bytes, made clean, because it goes to a screen. dst is
 * untouched after a failure. */
void answer_text(struct cursor *c, char *dst, size_t size);

#endif
