/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/locked_text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void locked_text_init(struct locked_text *t, size_t capacity)
{
	*t = (struct locked_text){.memory = secret_new(capacity + 1)};
	if (!t->memory)
		t->failed = -ENOMEM;
}

void locked_text_clear(struct locked_text *t)
{
	secret_free(t->memory);
	*t = (struct locked_text){0};
}

/* Bytes that are free, one left for a NUL. */
static size_t room(const struct locked_text *t)
{
	return t->memory->len - 1 - t->len;
}

static void add(struct locked_text *t, const void *bytes, size_t len)
{
	if (t->failed)
		return;
	if (len > room(t)) {
		t->failed = -EMSGSIZE;
		return;
	}
	memcpy(t->memory->data + t->len, bytes, len);
	t->len += len;
}

void locked_text_format(struct locked_text *t, const char *format, ...)
{
	va_list args;

	if (t->failed)
		return;
	va_start(args, format);
	int n = vsnprintf((char *)t->memory->data + t->len, room(t) + 1, format, args);
	va_end(args);
	if (n < 0 || (size_t)n > room(t))
		t->failed = -EMSGSIZE;
	else
		t->len += (size_t)n;
}

void locked_text_string(struct locked_text *t, const void *text, size_t len)
{
	const unsigned char *bytes = text;

	add(t, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] < 0x20)
			locked_text_format(t, "\\u%04x", (unsigned)bytes[i]);
		else if (bytes[i] == '"' || bytes[i] == '\\')
			add(t, bytes[i] == '"' ? "\\\"" : "\\\\", 2);
		else
			add(t, &bytes[i], 1);
	}
	add(t, "\"", 1);
}

void locked_text_base64(struct locked_text *t, const void *data, size_t len)
{
	size_t needed = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);

	add(t, "\"", 1);
	if (!t->failed && needed - 1 > room(t))
		t->failed = -EMSGSIZE;
	if (t->failed)
		return;
	(void)sodium_bin2base64((char *)t->memory->data + t->len, needed, data, len,
	        sodium_base64_VARIANT_ORIGINAL);
	t->len += needed - 1;
	add(t, "\"", 1);
}

/* The reader does not exist yet: what the pipe does not take at once it would never take. */
static int fill(int fd, const struct locked_text *t)
{
	for (size_t done = 0; done < t->len;) {
		ssize_t n = write(fd, t->memory->data + done, t->len - done);
		if (n < 0)
			return errno == EAGAIN ? -EMSGSIZE : -errno;
		done += (size_t)n;
	}
	return 0;
}

int locked_text_pipe(const struct locked_text *t, int *ret_fd)
{
	int ends[2];

	if (t->failed)
		return t->failed;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	(void)fcntl(ends[1], F_SETPIPE_SZ, (int)t->len); /* what is too little shows in fill() */
	int r = fill(ends[1], t);
	(void)close(ends[1]);
	if (r == 0 && fcntl(ends[0], F_SETFL, 0) < 0)
		r = -errno;
	if (r < 0)
		(void)close(ends[0]);
	else
		*ret_fd = ends[0];
	return r;
}
