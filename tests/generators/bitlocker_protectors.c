/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The protectors: each keeps the VMK in its own way. */
#include "tests/generators/bitlocker_entries.h"

#define ONE_KEY 1 /* in a .BEK file: its next nonce */

static void stretch(struct fve_writer *w, const struct fve_protector *p)
{
	bool recovery = p->kind == FVE_RECOVERY;
	unsigned method = recovery ? KEY_RECOVERY : KEY_PASSPHRASE;
	size_t at = fve_begin(w, ROLE_PROPERTY, TYPE_STRETCH, 1);

	fve_u16(w, method);
	fve_u16(w, w->v->options.stretch_flags);
	fve_put(w, p->salt, sizeof(p->salt));
	if (recovery)
		fve_sealed_key(w, ROLE_RECOVERY_KEY, w->v->vmk, method, p->key, p->key_len);
	fve_sealed_key(w, recovery ? ROLE_STRETCHED_KEY : ROLE_PROPERTY, w->v->vmk, method,
	        p->stretched, sizeof(p->stretched));
	fve_unknown(w);
	fve_end(w, at);
}

static void backup_time(struct fve_writer *w)
{
	size_t at = fve_begin(w, ROLE_PROPERTY, TYPE_BACKUP_TIME, 1);

	fve_u64(w, w->time);
	fve_u64(w, w->time);
	fve_u32(w, 0x00020008);
	fve_end(w, at);
}

/* A key kept elsewhere, for whoever has the VMK to change protectors. */
static void use_key(struct fve_writer *w, unsigned method, const struct fve_protector *p)
{
	size_t at = fve_begin(w, ROLE_PROPERTY, TYPE_USE_KEY, 1);

	fve_u16(w, method);
	fve_u16(w, 0);
	fve_sealed_key(w, ROLE_PROPERTY, w->v->vmk, method, p->key, p->key_len);
	fve_end(w, at);
}

/* Only a TPM could open this: the key it keeps is thrown away. */
static void tpm_blob(struct fve_writer *w)
{
	size_t at = fve_begin(w, ROLE_PROPERTY, TYPE_TPM, 1);

	fve_u32(w, 1u << 7 | 1u << 11); /* PCR 7 and 11, as with Secure Boot */
	fve_noise(w, 180);
	fve_end(w, at);
}

/* Where the salt of the PIN is. */
static void pin(struct fve_writer *w)
{
	size_t at = fve_begin(w, ROLE_PROPERTY, TYPE_STRETCH, 1);

	fve_u16(w, KEY_PASSPHRASE);
	fve_u16(w, 0);
	fve_noise(w, 16);
	fve_end(w, at);
}

/* The card's RSA key and what was encrypted with it; sizes as with a 2048 bit key. */
static void certificate(struct fve_writer *w)
{
	size_t at;

	fve_opaque(w, ROLE_PROPERTY, TYPE_ASYMMETRIC, 256);
	at = fve_begin(w, ROLE_PUBLIC_KEY, TYPE_EXPORTED_KEY, 1);
	fve_put(w, "RSA1\0\x08\0\0", 8);
	fve_noise(w, 275);
	fve_end(w, at);
	at = fve_begin(w, ROLE_PROPERTY, TYPE_PUBLIC_KEY, 1);
	fve_put(w, "gsin%\0\0\0", 8);
	fve_noise(w, 29);
	fve_end(w, at);
}

/* What comes before the sealed VMK. */
static void properties(struct fve_writer *w, const struct fve_protector *p)
{
	switch (p->kind) {
	case FVE_CLEAR_KEY:
		fve_key(w, ROLE_PROPERTY, KEY_CLEAR, p->key, p->key_len);
		break;
	case FVE_TPM_PIN:
		pin(w);
		tpm_blob(w);
		break;
	case FVE_TPM:
		tpm_blob(w);
		break;
	case FVE_STARTUP_KEY:
		fve_text(w, ROLE_PROPERTY, "ExternalKey");
		use_key(w, KEY_EXTERNAL, p);
		break;
	case FVE_CERTIFICATE:
		certificate(w);
		use_key(w, KEY_CERTIFICATE, p);
		break;
	default:
		stretch(w, p);
	}
}

void fve_vmk(struct fve_writer *w, const struct fve_protector *p)
{
	size_t at = fve_begin(w, ROLE_VMK, TYPE_VMK, p->kind == FVE_CLEAR_KEY ? 3 : 1);
	bool stretched = p->kind == FVE_RECOVERY || p->kind == FVE_PASSPHRASE;

	fve_put(w, p->id.bytes, GUID_LEN);
	fve_u64(w, w->time);
	fve_u16(w, 0);
	fve_u16(w, p->kind);
	fve_unknown(w);
	properties(w, p);
	fve_sealed_key(w, ROLE_PROPERTY, stretched ? p->stretched : p->key, KEY_VMK, w->v->vmk,
	        sizeof(w->v->vmk));
	if (p->kind == FVE_RECOVERY)
		backup_time(w);
	fve_unknown(w);
	fve_end(w, at);
}

/* As Windows 11 has it; other readers of .BEK files do not know it yet. */
static void volume_id(struct fve_writer *w)
{
	size_t at = fve_begin(w, ROLE_VOLUME_ID, TYPE_GUID, 1);

	fve_put(w, w->v->id.bytes, GUID_LEN);
	fve_end(w, at);
}

int fve_startup_key_file(struct fve_volume *v, const struct fve_protector *p, struct buffer *out)
{
	struct fve_writer w = fve_writer_to(v, out);
	size_t file = fve_begin_dataset(&w, &p->id, ONE_KEY, 0);
	size_t at = fve_begin(&w, ROLE_STARTUP_KEY, TYPE_EXTERNAL_KEY, 1);

	fve_put(&w, p->id.bytes, GUID_LEN);
	fve_u64(&w, w.time);
	fve_text(&w, ROLE_PROPERTY, "ExternalKey");
	if (v->options.unknown_entries)
		volume_id(&w);
	fve_unknown(&w);
	fve_key(&w, ROLE_PROPERTY, KEY_EXTERNAL, p->key, p->key_len);
	fve_end(&w, at);
	fve_end_dataset(&w, file);
	return w.r;
}
