/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of a volume on the command line: the clear key, or the recovery password from a file. */
#ifndef FIXER_UNLOCK_H
#define FIXER_UNLOCK_H

#include "fixer/bitlocker/bitlocker.h"

/* Reads a recovery password (one line, trailing blanks and line ends allowed) into locked memory
 * and parses it. Warns on standard error when others may read the file. REASON_CANNOT_OPEN,
 * REASON_RECOVERY_PASSWORD_FORMAT naming the group. */
int password_file_read(const char *path, struct secret **ret_key, struct error *err);

/*
 * The VMK of a volume: from its clear key when it is suspended, else by trying key (may be NULL) on
 * each recovery protector. *ret_how says in words which. REASON_KEY_NOT_FOUND (no password given),
 * _BITLOCKER_NO_RECOVERY, _BITLOCKER_STRETCH_FLAGS, _BITLOCKER_WRONG_KEY; the text names the
 * recovery key IDs.
 */
int volume_unlock(const struct bitlocker *b, const struct secret *key, struct secret **ret_vmk,
        const char **ret_how, struct error *err);

#endif
