/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/exec_output.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_LEN  256 /* a recovery password has 55 characters */
#define DIGITS_HIDDEN 6   /* as many as one of its groups */

static int add(struct source_answer *a, const char *line, size_t len, const char *origin,
        struct error *err)
{
	struct source_candidate *c = &a->candidates[a->count];

	if (a->count == NM_MAX_CANDIDATES)
		return 0;
	c->password = secret_new(len + 1);
	if (!c->password)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a key");
	memcpy(c->password->data, line, len);
	(void)snprintf(c->origin, sizeof(c->origin), "%s", origin);
	a->count++;
	return 0;
}

static bool is_text(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			return false;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

int exec_candidates(const char *text, size_t len, const char *origin, struct source_answer *ret,
        struct error *err)
{
	const char *end = text + len;
	unsigned number = 0;

	for (const char *line = text; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *next = stop ? stop + 1 : end;
		stop = stop ? stop : end;
		number++;
		while (line < stop && is_blank(*line))
			line++;
		while (stop > line && is_blank(stop[-1]))
			stop--;
		size_t n = (size_t)(stop - line);
		if (n > LINE_MAX_LEN || !is_text(line, n))
			return error_set(err, -EBADMSG, REASON_SOURCE_FAILED,
			        "line %u of its output is no recovery password", number);
		int r = n > 0 ? add(ret, line, n, origin, err) : 0;
		if (r < 0)
			return r;
		line = next;
	}
	return 0;
}

void exec_errors_clean(const char *text, size_t len, char *out, size_t size)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "%.*s", (int)len, text);
	for (char *p = line; *p;) {
		size_t digits = strspn(p, "0123456789");
		if (digits >= DIGITS_HIDDEN)
			memset(p, '#', digits);
		p += digits ? digits : 1;
	}
	text_clean(out, size, line);
	secret_wipe(line, sizeof(line));
}
