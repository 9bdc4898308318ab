/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the targets share. A promise that is broken stops the run. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "fixer/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                         \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			(void)fprintf(                                                          \
			        stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

/* Fit for a screen, a log and JSON: terminated in its array, UTF-8, no control characters. */
static inline bool is_clean(const char *text, size_t size)
{
	size_t len = strnlen(text, size);
	json_t *json = len < size ? json_stringn(text, len) : NULL;
	bool clean = json != NULL;

	for (size_t i = 0; i < len; i++)
		clean = clean && (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
	json_decref(json);
	return clean;
}

/* What every function that takes a struct error promises. */
static inline void must_explain(int r, const struct error *err)
{
	if (r >= 0)
		return;
	must(err->code == r && err->reason < REASON_COUNT && err->text[0]);
	must(is_clean(err->text, sizeof(err->text)));
}

/* The input as text in memory of exactly its size, so that reading behind its end is seen. */
static inline char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = 0;
	return text;
}

#endif
