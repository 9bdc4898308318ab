/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory of libraries that hold passwords on their way through: overwritten when it is given back.
 * It is the C library's memory underneath, so that it can be mixed with malloc() and free().
 */
#ifndef FETCH_WIPE_H
#define FETCH_WIPE_H

#include <stddef.h>

void *wipe_malloc(size_t size);
void *wipe_calloc(size_t count, size_t size);
void *wipe_realloc(void *p, size_t size);
void wipe_free(void *p);
char *wipe_strdup(const char *text);

/* Once, first thing in main(): jansson uses it from now on. liblber can be given functions, too,
 * but frees past them: main.c has its own free() for all the others. */
void wipe_init(void);

#endif
