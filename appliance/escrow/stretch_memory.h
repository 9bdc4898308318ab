/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stretched keys that were worked out before, in locked memory, the oldest forgotten first. They
 * are found by a keyed hash of password and salt, so that the passwords themselves are not kept.
 * Not safe between threads. */
#ifndef ESCROW_STRETCH_MEMORY_H
#define ESCROW_STRETCH_MEMORY_H

#include "fixer/bitlocker/bitlocker.h"

#define STRETCH_NAME 32

struct stretch_memory;

struct stretch_memory *stretch_memory_new(void); /* NULL when memory can't be had or locked */
void stretch_memory_free(struct stretch_memory *m);

/* What a question is called here: the same for the same key and salt, in this process only. */
void stretch_memory_name(const struct stretch_memory *m, const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN], uint8_t ret[STRETCH_NAME]);

/* The stretched key (BITLOCKER_KEY_LEN bytes, valid until the next call), or NULL. */
const uint8_t *stretch_memory_find(
        const struct stretch_memory *m, const uint8_t name[STRETCH_NAME]);

/* name must not be there yet. */
void stretch_memory_add(
        struct stretch_memory *m, const uint8_t name[STRETCH_NAME], const struct secret *stretched);

#endif
