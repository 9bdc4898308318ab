/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory for keys: libsodium's guarded allocation (locked, left out of core dumps, wiped on free).
 * Every recovery password, stretched key, VMK and FVEK lives in one of these and nowhere else.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "fixer/base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

struct secret {
	size_t len;
	uint8_t *data;
};

/* Once, early in main(): core dumps off, ptrace by others off, libsodium ready. 0 or -errno. */
int secrets_init(void);

/* Zeroed memory of len bytes; NULL when none can be locked (RLIMIT_MEMLOCK). */
struct secret *secret_new(size_t len);
struct secret *secret_copy(const void *data, size_t len);
void secret_free(struct secret *s); /* wipes; NULL is fine */

/* Wipes ordinary memory; not removed by the compiler. */
void secret_wipe(void *p, size_t len);

DEFINE_CLEANUP(struct secret *, secret_free)
#define CLEANUP_SECRET CLEANUP(secret_free_p)

#endif
