/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of a volume on the command line: secrets come in files, never as arguments. */
#ifndef FIXER_UNLOCK_H
#define FIXER_UNLOCK_H

#include "fixer/bitlocker/bitlocker.h"

/* Files named on the command line; NULL: not given. */
struct key_files {
	const char *recovery_password; /* 48 digits, one line */
	const char *passphrase;        /* UTF-8, one line; blanks belong to it */
	const char *startup_key;       /* .BEK */
};

/* What was in them; NULL: not given. */
struct keys {
	struct secret *recovery_password, *passphrase, *startup_key;
	struct guid startup_key_id; /* of its protector */
};

/* Reads and checks every file given. Warns on standard error when others may read one. *ret is
 * freed with keys_clear(), also when it is zeroed. REASON_CANNOT_OPEN;
 * REASON_RECOVERY_PASSWORD_FORMAT naming the group, _PASSPHRASE_FORMAT, _STARTUP_KEY_FORMAT. */
int keys_load(const struct key_files *files, struct keys *ret, struct error *err);
void keys_clear(struct keys *keys);

#define UNLOCK_HOW 128

/*
 * The VMK of a volume: NULL when nothing on it is encrypted, else by its clear key, the startup
 * key, the recovery password, the passphrase, in this order (the first two cost nothing), each
 * tried on the protectors it can belong to. ret_how says in words which protector opened it.
 * Errors, the text naming protectors as Windows shows them: REASON_KEY_NEEDED (no key given that
 * the volume takes), _BITLOCKER_WRONG_KEY, _BITLOCKER_NO_RECOVERY, _BITLOCKER_STRETCH_FLAGS,
 * _BITLOCKER_METADATA_BAD (damaged clear key, and nothing else fits).
 */
int volume_unlock(const struct bitlocker *b, const struct keys *keys, struct secret **ret_vmk,
        char ret_how[UNLOCK_HOW], struct error *err);

#endif
