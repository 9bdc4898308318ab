/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plaintext volume once its key is known; only bitlocker/ includes it. */
#ifndef BITLOCKER_VOLUME_H
#define BITLOCKER_VOLUME_H

#include "fixer/bitlocker/cipher.h"
#include "fixer/bitlocker/metadata.h"

/* Takes cipher (NULL when nothing is encrypted) when it succeeds. Writable as said. -ENOMEM. */
int volume_new(struct block_device *dev, const struct bitlocker *b, struct sector_cipher *cipher,
        bool writable, struct block_device **ret);

#endif
