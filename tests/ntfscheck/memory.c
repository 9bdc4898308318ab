/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that lives as long as the volume, and the list of findings. */
#include "tests/ntfscheck/internal.h"

#include <stdarg.h>
#include <stdlib.h>

struct block {
	struct block *next;
	max_align_t bytes[];
};

void *keep(struct volume *v, size_t count, size_t size)
{
	size_t len;
	struct block *b = NULL;

	if (!__builtin_mul_overflow(count, size, &len) && len < SIZE_MAX - sizeof(*b))
		b = calloc(1, sizeof(*b) + len);
	if (!b) {
		(void)fputs("ntfscheck: out of memory\n", stderr);
		abort();
	}
	b->next = v->kept;
	v->kept = b;
	return b->bytes;
}

void *append(struct volume *v, void *array, size_t *count, size_t size)
{
	void *at = *(void **)array;
	size_t n = *count;

	/* Full when the count is 0 or a power of two from 4 on. */
	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		void *more = keep(v, n == 0 ? 4 : n * 2, size);
		if (n > 0)
			memcpy(more, at, n * size);
		at = more;
		*(void **)array = at;
	}
	(*count)++;
	return (char *)at + n * size;
}

void release(struct volume *v)
{
	while (v->kept) {
		struct block *next = v->kept->next;
		free(v->kept);
		v->kept = next;
	}
}

void finding(struct volume *v, const char *kind, uint64_t record, const char *format, ...)
{
	va_list args;

	v->findings++;
	if (!v->report)
		return;
	(void)fprintf(v->report, "%s: ", kind);
	if (record != NO_RECORD)
		(void)fprintf(v->report, "record %ju: ", (uintmax_t)record);
	va_start(args, format);
	(void)vfprintf(v->report, format, args);
	va_end(args);
	(void)fputc('\n', v->report);
}
