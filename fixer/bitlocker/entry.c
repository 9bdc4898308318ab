/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/bitlocker/entry.h"

#include <errno.h>

#define ENTRY_HEADER 8

int entry_next(struct cursor *list, struct entry *ret)
{
	if (list->failed)
		return -EBADMSG;
	if (list->left < ENTRY_HEADER)
		return 0;
	uint16_t size = get_le16(list->at);
	if (size == 0)
		return 0;
	if (size < ENTRY_HEADER)
		return -EBADMSG;
	struct cursor c = cursor_sub(list, size);
	(void)cursor_skip(&c, 2);
	ret->role = cursor_le16(&c);
	ret->type = cursor_le16(&c);
	(void)cursor_skip(&c, 2);
	if (c.failed)
		return -EBADMSG;
	ret->body = c;
	return 1;
}
