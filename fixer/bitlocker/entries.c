/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entries of a dataset. Windows adds new roles and types now and then, so what is not known is
 * skipped, never refused.
 */
#include "fixer/bitlocker/entry.h"
#include "fixer/bitlocker/metadata.h"

#include <errno.h>
#include <string.h>

enum entry_role { ROLE_VMK = 2, ROLE_FVEK = 3 };

#define KEY_METHOD_CLEAR          0x2000
#define STRETCH_METHOD_RECOVERY   0x1000
#define STRETCH_METHOD_PASSPHRASE 0x1001

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
	case 0x0300:
		return PROTECTOR_TPM_STARTUP_KEY;
	case 0x0500:
		return PROTECTOR_TPM_PIN;
	case 0x0700:
		return PROTECTOR_TPM_PIN_STARTUP_KEY;
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
	bool has_salt, has_sealed, has_key, has_strange_stretch;
	struct bitlocker_blob blob;
	uint8_t key[BITLOCKER_KEY_LEN];
};

/* The salt, when the key is stretched the way bitlocker_stretch() does it. */
static void take_stretch(struct cursor body, uint16_t wanted, struct vmk_parts *parts)
{
	uint16_t method = cursor_le16(&body), flags = cursor_le16(&body);

	if (parts->has_salt)
		return;
	if (method == wanted && flags == 0)
		parts->has_salt = cursor_copy(&body, parts->blob.salt, BITLOCKER_SALT_LEN);
	else
		parts->has_strange_stretch = true;
}

static void take_key(struct cursor body, struct vmk_parts *parts)
{
	uint16_t method = cursor_le16(&body);

	(void)cursor_skip(&body, 2);
	if (method == KEY_METHOD_CLEAR && body.left == BITLOCKER_KEY_LEN && !parts->has_key)
		parts->has_key = cursor_copy(&body, parts->key, BITLOCKER_KEY_LEN);
}

/* Windows writes one sealed VMK into a protector; copies of other keys stand in nested entries or
 * are of another length. Should there be several, the first counts, as with other tools that read
 * this format: nothing tells them apart, and a wrong one fails at its MAC. A broken entry ends the
 * list: what came before it is authenticated by its own MAC, too. */
static void take_parts(
        struct cursor list, enum bitlocker_protector_kind kind, struct vmk_parts *ret)
{
	uint16_t stretch =
	        kind == PROTECTOR_PASSPHRASE ? STRETCH_METHOD_PASSPHRASE : STRETCH_METHOD_RECOVERY;
	struct entry e;

	*ret = (struct vmk_parts){0};
	while (entry_next(&list, &e) > 0) {
		if (e.type == TYPE_STRETCH)
			take_stretch(e.body, stretch, ret);
		else if (e.type == TYPE_KEY)
			take_key(e.body, ret);
		else if (e.type == TYPE_AES_CCM && e.body.left == BITLOCKER_BLOB_LEN &&
		         !ret->has_sealed)
			ret->has_sealed =
			        cursor_copy(&e.body, ret->blob.sealed, BITLOCKER_BLOB_LEN);
	}
}

static void take_clear_key(const struct vmk_parts *parts, struct bitlocker *b)
{
	if (b->info.suspended || !parts->has_key || !parts->has_sealed)
		return;
	b->info.suspended = true;
	b->clear_blob = parts->blob;
	memcpy(b->clear_key, parts->key, sizeof(b->clear_key));
}

/* What can be tried on the protector, if anything. */
static void take_blob(const struct vmk_parts *parts, struct bitlocker_protector *p)
{
	bool stretched = p->kind == PROTECTOR_RECOVERY_PASSWORD || p->kind == PROTECTOR_PASSPHRASE;

	if (!stretched && p->kind != PROTECTOR_STARTUP_KEY)
		return;
	p->stretch_flags_unknown = stretched && !parts->has_salt && parts->has_strange_stretch;
	p->has_blob = parts->has_sealed && (parts->has_salt || !stretched);
	if (!p->has_blob)
		return;
	p->blob = parts->blob;
	if (!stretched)
		memset(p->blob.salt, 0, sizeof(p->blob.salt));
}

/* GUID, FILETIME, u16, u16 kind, entries. */
static void take_vmk(struct cursor body, struct bitlocker *b)
{
	struct bitlocker_info *info = &b->info;
	struct bitlocker_protector p = {0};
	struct vmk_parts parts;

	(void)cursor_copy(&body, p.id.bytes, GUID_LEN);
	(void)cursor_skip(&body, 8 + 2);
	p.raw_kind = cursor_le16(&body);
	if (body.failed)
		return;
	p.kind = kind_of(p.raw_kind);
	take_parts(body, p.kind, &parts);
	take_blob(&parts, &p);
	if (p.kind == PROTECTOR_CLEAR_KEY)
		take_clear_key(&parts, b);
	secret_wipe(&parts, sizeof(parts));
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
