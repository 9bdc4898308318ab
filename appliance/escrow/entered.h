/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recovery keys that a person typed in, each known to open its protector's blob: in locked memory
 * while this process lives, never in the vault. And how often somebody may try. Safe between
 * threads.
 */
#ifndef ESCROW_ENTERED_H
#define ESCROW_ENTERED_H

#include "appliance/escrow/message.h"

#include <stdbool.h>

struct entered;

struct entered *entered_new(void); /* NULL without memory */
void entered_free(struct entered *e);

/* from: the browser's address, as web tells. A few tries a minute for each address and each
 * machine, some more for all together. False: too many. */
bool entered_may_try(struct entered *e, const char *from, int64_t machine, int64_t now);

/* Keeps a copy; the oldest makes room. A key is known by its protector and the blob it opened, so
 * that nobody's forged blob takes the place of another machine's key. from: who typed it, for the
 * record. 0 or -ENOMEM. */
int entered_add(struct entered *e, const struct ask_protector *p, const struct secret *key,
        const char *from);

/* A copy for the caller, or NULL. */
struct secret *entered_find(struct entered *e, const struct ask_protector *p, char from[48]);

#endif
