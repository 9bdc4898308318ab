/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *b, size_t max)
{
	*b = (struct buffer){.max = max};
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){.max = b->max};
}

void buffer_reset(struct buffer *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = 0;
}

/* Makes room for len more bytes and the closing NUL. */
static int buffer_reserve(struct buffer *b, size_t len)
{
	if (b->len > b->max || len > b->max - b->len)
		return -EMSGSIZE;
	size_t need = b->len + len + 1;
	if (need <= b->capacity)
		return 0;
	size_t capacity = b->capacity ? b->capacity : 256;
	while (capacity < need)
		capacity *= 2;
	uint8_t *data = realloc(b->data, capacity);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->capacity = capacity;
	return 0;
}

int buffer_append(struct buffer *b, const void *data, size_t len)
{
	int r = buffer_reserve(b, len);
	if (r < 0)
		return r;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
	return 0;
}

int buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	int r = buffer_append(b, text, (size_t)n);
	free(text);
	return r;
}
