/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A BitLocker volume's recovery protector for each machine, as genuine as the generators make them:
 * its own password, salt and sealed VMK. Each costs a stretching, so the set is kept in a file and
 * only made longer. Keys of test machines are no secrets: plain memory.
 */
#ifndef SWARM_KEYS_H
#define SWARM_KEYS_H

#include "fixer/bitlocker/bitlocker.h"

#include <stdio.h>

#define PASSWORD_TEXT 56 /* 8 groups of 6 digits, with the NUL */

struct swarm_key {
	struct guid protector, volume;
	char password[PASSWORD_TEXT];
	uint8_t vmk[BITLOCKER_KEY_LEN];
	struct bitlocker_blob blob;
};

/* The first `count` keys of the set in this file, which is made or grown when it has less.
 * stretchings: so many passwords and salts for all, in turn (such a set is made anew, not grown);
 * 0: each has its own. *ret is free()d by the caller. -errno after saying why. */
int swarm_keys(const char *path, size_t count, size_t stretchings, struct swarm_key **ret);

/* A password of nothing. */
void swarm_password(char ret[PASSWORD_TEXT]);

#endif
