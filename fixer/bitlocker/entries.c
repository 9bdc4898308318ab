/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entries of a dataset. Each begins with u16 size (of all of it), u16 role, u16 type, u16
 * version; some types hold further entries. Windows adds new roles and types now and then, so what
 * is not known is skipped, never refused; the version is not looked at.
 */
#include "fixer/bitlocker/metadata.h"

#include <errno.h>
#include <string.h>

#define ENTRY_HEADER 8

enum entry_role { ROLE_VMK = 2, ROLE_FVEK = 3 };
enum entry_type { TYPE_KEY = 1, TYPE_STRETCH = 3, TYPE_AES_CCM = 5, TYPE_VMK = 8 };

#define KEY_METHOD_CLEAR        0x2000
#define STRETCH_METHOD_RECOVERY 0x1000

struct entry {
	uint16_t role, type;
	struct cursor body;
};

/* 1 with the next entry, 0 at the end of the list or its zero padding, -EBADMSG when an entry
 * claims less than its header or more than is left. */
static int entry_next(struct cursor *list, struct entry *ret)
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

/* The high byte is the kind, the low one a priority. */
static enum bitlocker_protector_kind kind_of(uint16_t raw)
{
	switch (raw & 0xff00) {
	case 0x0000:
		return PROTECTOR_CLEAR_KEY;
	case 0x0100:
		return PROTECTOR_TPM;
	case 0x0200:
		return PROTECTOR_STARTUP_KEY;
	case 0x0500:
		return PROTECTOR_TPM_PIN;
	case 0x0800:
		return PROTECTOR_RECOVERY_PASSWORD;
	case 0x1000:
		return PROTECTOR_CERTIFICATE;
	case 0x2000:
		return PROTECTOR_PASSPHRASE;
	default:
		return PROTECTOR_OTHER;
	}
}

/* What the entries inside one VMK give. */
struct vmk_parts {
	bool has_salt, has_sealed, has_key, stretch_flags_unknown;
	struct bitlocker_blob blob;
	uint8_t key[BITLOCKER_KEY_LEN];
};

static void take_stretch(struct cursor body, struct vmk_parts *parts)
{
	uint16_t method = cursor_le16(&body), flags = cursor_le16(&body);

	if (method != STRETCH_METHOD_RECOVERY || body.left < BITLOCKER_SALT_LEN)
		return;
	if (flags != 0) {
		parts->stretch_flags_unknown = true;
		return;
	}
	parts->has_salt = cursor_copy(&body, parts->blob.salt, BITLOCKER_SALT_LEN);
}

static void take_key(struct cursor body, struct vmk_parts *parts)
{
	uint16_t method = cursor_le16(&body);

	(void)cursor_skip(&body, 2);
	if (method == KEY_METHOD_CLEAR && body.left == BITLOCKER_KEY_LEN)
		parts->has_key = cursor_copy(&body, parts->key, BITLOCKER_KEY_LEN);
}

/* A broken entry ends the list: what came before it is authenticated by its own MAC later. */
static struct vmk_parts vmk_parts_of(struct cursor list)
{
	struct vmk_parts parts = {0};
	struct entry e;

	while (entry_next(&list, &e) > 0) {
		if (e.type == TYPE_STRETCH)
			take_stretch(e.body, &parts);
		else if (e.type == TYPE_KEY)
			take_key(e.body, &parts);
		else if (e.type == TYPE_AES_CCM && e.body.left == BITLOCKER_BLOB_LEN)
			parts.has_sealed =
			        cursor_copy(&e.body, parts.blob.sealed, BITLOCKER_BLOB_LEN);
	}
	return parts;
}

/* GUID, FILETIME, u16, u16 kind, entries. */
static void take_vmk(struct cursor body, struct bitlocker *b)
{
	struct bitlocker_info *info = &b->info;
	struct bitlocker_protector p = {0};

	(void)cursor_copy(&body, p.id.bytes, GUID_LEN);
	(void)cursor_skip(&body, 8 + 2);
	p.raw_kind = cursor_le16(&body);
	if (body.failed)
		return;
	p.kind = kind_of(p.raw_kind);
	struct vmk_parts parts = vmk_parts_of(body);
	if (p.kind == PROTECTOR_RECOVERY_PASSWORD) {
		p.stretch_flags_unknown = parts.stretch_flags_unknown;
		p.has_blob = parts.has_salt && parts.has_sealed;
		if (p.has_blob)
			p.blob = parts.blob;
	}
	if (p.kind == PROTECTOR_CLEAR_KEY && parts.has_key && parts.has_sealed &&
	        !info->suspended) {
		info->suspended = true;
		b->clear_blob = parts.blob;
		memcpy(b->clear_key, parts.key, sizeof(b->clear_key));
	}
	if (info->protector_count < NM_MAX_PROTECTORS)
		info->protectors[info->protector_count++] = p;
	else
		info->protectors_left_out++;
}

static void take_fvek(struct cursor body, struct bitlocker *b)
{
	if (b->fvek_len != 0 || body.left > sizeof(b->fvek))
		return;
	b->fvek_len = body.left;
	(void)cursor_copy(&body, b->fvek, b->fvek_len);
}

int fve_entries_parse(struct cursor entries, struct bitlocker *b)
{
	struct entry e;
	int r;

	while ((r = entry_next(&entries, &e)) > 0) {
		if (e.role == ROLE_VMK && e.type == TYPE_VMK)
			take_vmk(e.body, b);
		else if (e.role == ROLE_FVEK && e.type == TYPE_AES_CCM)
			take_fvek(e.body, b);
	}
	return r;
}
