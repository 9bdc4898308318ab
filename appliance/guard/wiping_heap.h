/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The heap of a process whose libraries pass passwords around (TLS, BER, Kerberos, JSON, IPMI):
 * whatever anybody gives back is overwritten. The C library's own functions do the rest; the linker
 * gives these two to every library. Included by main.c alone.
 */
#ifndef GUARD_WIPING_HEAP_H
#define GUARD_WIPING_HEAP_H

#ifndef __SANITIZE_ADDRESS__ /* it has a heap of its own */

#include "fixer/base/secret.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void __libc_free(void *p);
extern void *__libc_malloc(size_t size);

void free(void *p)
{
	int saved = errno;

	if (p)
		secret_wipe(p, malloc_usable_size(p));
	__libc_free(p);
	errno = saved;
}

/* Never in place: what is left behind by moving could not be reached any more. */
void *realloc(void *p, size_t size)
{
	size_t old = p ? malloc_usable_size(p) : 0;

	if (size == 0 && p) {
		free(p);
		return NULL;
	}
	void *moved = __libc_malloc(size);
	if (moved && p) {
		memcpy(moved, p, old < size ? old : size);
		free(p);
	}
	return moved;
}

#endif

#endif
