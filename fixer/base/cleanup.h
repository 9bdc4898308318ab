/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scope-bound release. Use either these or a goto ladder in one function, not both. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* DEFINE_CLEANUP(struct foo *, foo_free) gives foo_free_p for CLEANUP(). */
#define DEFINE_CLEANUP(type, fn)           \
	static inline void fn##_p(type *p) \
	{                                  \
		if (*p)                    \
			fn(*p);            \
	}

static inline void free_p(void *p)
{
	free(*(void **)p);
}

static inline void close_p(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define CLEANUP_FREE  CLEANUP(free_p)
#define CLEANUP_CLOSE CLEANUP(close_p)

#endif
