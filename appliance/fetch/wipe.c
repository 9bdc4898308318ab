/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/wipe.h"

#include "fixer/base/secret.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *wipe_malloc(size_t size)
{
	return malloc(size);
}

void *wipe_calloc(size_t count, size_t size)
{
	return calloc(count, size);
}

void wipe_free(void *p)
{
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

/* Never in place: what realloc() leaves behind when it moves cannot be reached any more. */
void *wipe_realloc(void *p, size_t size)
{
	size_t old = p ? malloc_usable_size(p) : 0;

	if (size == 0) {
		wipe_free(p);
		return NULL;
	}
	void *moved = malloc(size);
	if (moved && p) {
		memcpy(moved, p, old < size ? old : size);
		wipe_free(p);
	}
	return moved;
}

char *wipe_strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = malloc(len);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

void wipe_init(void)
{
	json_set_alloc_funcs(wipe_malloc, wipe_free);
}
