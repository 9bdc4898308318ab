/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stretched keys remembered in locked memory: a machine that asks again costs no second stretching.
 */
#ifndef ESCROW_STRETCHED_H
#define ESCROW_STRETCHED_H

#include "fixer/bitlocker/bitlocker.h"

struct stretched_cache;

struct stretched_cache *stretched_cache_new(void);
void stretched_cache_free(struct stretched_cache *c);

/* The stretched key of key (16 bytes) and salt; the caller owns *ret. Safe between threads. */
int stretched_get(struct stretched_cache *c, const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN], struct secret **ret);

#endif
