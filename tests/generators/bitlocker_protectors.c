/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The volume's keys, and the protectors: each keeps the VMK in its own way. */
#include "tests/generators/bitlocker_entries.h"
#include "fixer/base/bytes.h"

#include <stdio.h>
#include <string.h>

static struct fve_protector *add_protector(struct fve_volume *v, uint16_t kind)
{
	struct fve_protector *p = &v->protectors[v->protector_count++];

	p->id = gen_random_guid(&v->random);
	p->kind = kind;
	return p;
}

/* Each group of six digits is 11 times one of the key's 16-bit words. */
static void add_recovery_password(struct fve_volume *v)
{
	struct fve_protector *p = add_protector(v, FVE_RECOVERY);

	gen_random_bytes(&v->random, p->key, sizeof(p->key));
	for (unsigned i = 0; i < 8; i++)
		(void)snprintf(p->password + (size_t)i * 7, 8, "%06u%s",
		        get_le16(p->key + (size_t)2 * i) * 11u, i < 7 ? "-" : "");
}

/* With the diffuser the AES key has the first half and the tweak key the second; what an AES-128
 * key leaves of its half is zero. */
static void make_fvek(struct fve_volume *v)
{
	gen_random_bytes(&v->random, v->fvek, v->method->fvek_len);
	if (v->method->mode == FVE_CBC_DIFFUSER)
		for (unsigned half = 0; half < FVE_MAX_FVEK; half += FVE_MAX_FVEK / 2)
			memset(v->fvek + half + v->method->aes_len, 0,
			        FVE_MAX_FVEK / 2 - v->method->aes_len);
}

void fve_make_keys(struct fve_volume *v, uint64_t seed)
{
	const struct fve_options *o = &v->options;

	gen_random_init(&v->random, seed, "bitlocker");
	v->method = fve_method_by_id(o->method ? o->method : 0x8004);
	v->id = gen_random_guid(&v->random);
	gen_random_bytes(&v->random, v->vmk, sizeof(v->vmk));
	make_fvek(v);
	v->protector_count = 0;
	(void)add_protector(v, FVE_TPM);
	for (unsigned i = 0; i < o->recovery_passwords; i++)
		add_recovery_password(v);
	if (o->clear_key)
		(void)add_protector(v, FVE_CLEAR_KEY);
}

static void seal_vmk(struct fve_writer *w, const uint8_t *under)
{
	fve_sealed_key(w, ROLE_PROPERTY, under, KEY_VMK, w->v->vmk, sizeof(w->v->vmk));
}

static void recovery_properties(struct fve_writer *w, const struct fve_protector *p)
{
	uint8_t salt[16], stretched[FVE_KEY_LEN];

	gen_random_bytes(&w->v->random, salt, sizeof(salt));
	if (w->r == 0)
		w->r = fve_stretch(p->key, sizeof(p->key), salt, stretched);
	size_t at = fve_begin(w, ROLE_PROPERTY, TYPE_STRETCH, 1);
	fve_u16(w, KEY_RECOVERY);
	fve_u16(w, 0);
	fve_put(w, salt, sizeof(salt));
	fve_sealed_key(w, ROLE_RECOVERY_KEY, w->v->vmk, KEY_RECOVERY, p->key, sizeof(p->key));
	fve_sealed_key(
	        w, ROLE_STRETCHED_KEY, w->v->vmk, KEY_RECOVERY, stretched, sizeof(stretched));
	fve_end(w, at);
	seal_vmk(w, stretched);
	at = fve_begin(w, ROLE_PROPERTY, TYPE_BACKUP_TIME, 1);
	fve_u64(w, w->time);
	fve_u64(w, w->time);
	fve_u32(w, 0x00020008);
	fve_end(w, at);
}

static void clear_properties(struct fve_writer *w)
{
	uint8_t key[FVE_KEY_LEN];

	gen_random_bytes(&w->v->random, key, sizeof(key));
	fve_key(w, ROLE_PROPERTY, KEY_CLEAR, key, sizeof(key));
	seal_vmk(w, key);
}

/* Only a TPM could open this one: the key it keeps is thrown away here. */
static void tpm_properties(struct fve_writer *w)
{
	uint8_t key[FVE_KEY_LEN];

	gen_random_bytes(&w->v->random, key, sizeof(key));
	size_t at = fve_begin(w, ROLE_PROPERTY, TYPE_TPM, 1);
	fve_u32(w, 1u << 7 | 1u << 11); /* PCR 7 and 11, as with Secure Boot */
	fve_noise(w, 180);
	fve_end(w, at);
	seal_vmk(w, key);
}

void fve_vmk(struct fve_writer *w, const struct fve_protector *p)
{
	size_t at = fve_begin(w, ROLE_VMK, TYPE_VMK, p->kind == FVE_CLEAR_KEY ? 3 : 1);

	fve_put(w, p->id.bytes, GUID_LEN);
	fve_u64(w, w->time);
	fve_u16(w, 0);
	fve_u16(w, p->kind);
	if (p->kind == FVE_RECOVERY)
		recovery_properties(w, p);
	else if (p->kind == FVE_TPM)
		tpm_properties(w);
	else
		clear_properties(w);
	fve_end(w, at);
}
