/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing byte buffer that never exceeds the maximum it was made with. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *data; /* always followed by a NUL, so text can be read in place */
	size_t len;
	size_t capacity;
	size_t max;
};

/* Nothing is allocated yet. */
void buffer_init(struct buffer *b, size_t max);
void buffer_free(struct buffer *b);
void buffer_reset(struct buffer *b); /* keeps the memory */

/* 0, -EMSGSIZE over the maximum, -ENOMEM; on failure the buffer is as it was. */
int buffer_append(struct buffer *b, const void *data, size_t len);
int buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
