/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/answer.h"
#include "fixer/base/text.h"

#include <string.h>

int answer_put_number(struct buffer *out, uint64_t v)
{
	uint8_t raw[8];

	put_le64(raw, v);
	return buffer_append(out, raw, sizeof(raw));
}

int answer_put_numbers(struct buffer *out, const uint64_t *v, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = answer_put_number(out, v[i]);
	return r;
}

int answer_put_blob(struct buffer *out, const void *data, size_t len)
{
	int r = answer_put_number(out, len);

	return r < 0 || len == 0 ? r : buffer_append(out, data, len);
}

int answer_put_text(struct buffer *out, const char *text)
{
	return answer_put_blob(out, text, strlen(text));
}

uint64_t answer_number(struct cursor *c, uint64_t max)
{
	uint64_t v = cursor_le64(c);

	if (v > max)
		c->failed = true;
	return c->failed ? 0 : v;
}

void answer_text(struct cursor *c, char *dst, size_t size)
{
	char raw[1024] = "";
	size_t len = (size_t)answer_number(c, size < sizeof(raw) ? size - 1 : sizeof(raw) - 1);

	if (cursor_copy(c, raw, len))
		text_clean(dst, size, raw);
}
