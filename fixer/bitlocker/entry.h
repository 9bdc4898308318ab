/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entries that metadata and startup key files are made of. Each begins with u16 size (of all of
 * it), u16 role, u16 type, u16 version; some types hold further entries. The version is not looked
 * at. Only bitlocker/ includes it.
 */
#ifndef BITLOCKER_ENTRY_H
#define BITLOCKER_ENTRY_H

#include "fixer/base/bytes.h"

enum entry_type {
	TYPE_KEY = 1, /* u16 method, u16 flags, the key */
	TYPE_STRETCH = 3,
	TYPE_AES_CCM = 5,
	TYPE_VMK = 8,
	TYPE_EXTERNAL_KEY = 9,
};

struct entry {
	uint16_t role, type;
	struct cursor body;
};

/* 1 with the next entry, 0 at the end of the list or its zero padding, -EBADMSG when an entry
 * claims less than its header or more than is left. */
int entry_next(struct cursor *list, struct entry *ret);

#endif
