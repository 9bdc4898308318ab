/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The volume's keys and what its protectors keep. */
#include "tests/generators/bitlocker_writer.h"
#include "fixer/base/bytes.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <iconv.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static struct fve_protector *add_protector(struct fve_volume *v, uint16_t kind)
{
	struct fve_protector *p = &v->protectors[v->protector_count++];

	p->id = gen_random_guid(&v->random);
	p->kind = kind;
	p->key_len = sizeof(p->key);
	gen_random_bytes(&v->random, p->key, p->key_len);
	return p;
}

static int stretch(struct fve_volume *v, struct fve_protector *p)
{
	gen_random_bytes(&v->random, p->salt, sizeof(p->salt));
	return fve_stretch(p->key, p->key_len, p->salt, p->stretched);
}

/* Each group of six digits is 11 times one of the key's 16-bit words. */
static int add_recovery_password(struct fve_volume *v)
{
	struct fve_protector *p = add_protector(v, FVE_RECOVERY);

	p->key_len = 16;
	for (unsigned i = 0; i < 8; i++)
		(void)snprintf(p->password + (size_t)i * 7, 8, "%06u%s",
		        get_le16(p->key + (size_t)2 * i) * 11u, i < 7 ? "-" : "");
	return stretch(v, p);
}

/* The key is the SHA-256 of the passphrase in UTF-16LE. */
static int add_passphrase(struct fve_volume *v, const char *text)
{
	struct fve_protector *p = add_protector(v, FVE_PASSPHRASE);
	uint8_t units[1024];
	/* iconv() does not write to its input, whatever its prototype says. */
	char *in = (char *)(uintptr_t)text, *out = (char *)units;
	size_t in_left = strlen(text), out_left = sizeof(units);
	iconv_t utf16 = iconv_open("UTF-16LE", "UTF-8");

	if (utf16 == (iconv_t)-1)
		return -errno;
	size_t converted = iconv(utf16, &in, &in_left, &out, &out_left);
	(void)iconv_close(utf16);
	if (converted == (size_t)-1) {
		log_error("the passphrase is not UTF-8, or longer than 512 letters");
		return -EINVAL;
	}
	if (EVP_Digest(units, sizeof(units) - out_left, p->key, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	return stretch(v, p);
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

int fve_make_keys(struct fve_volume *v, uint64_t seed)
{
	const struct fve_options *o = &v->options;
	int r = 0;

	gen_random_init(&v->random, seed, "bitlocker");
	v->method = fve_method_by_id(o->method ? o->method : 0x8004);
	v->id = gen_random_guid(&v->random);
	gen_random_bytes(&v->random, v->vmk, sizeof(v->vmk));
	make_fvek(v);
	v->protector_count = 0;
	if (!o->no_tpm)
		(void)add_protector(v, FVE_TPM);
	if (o->tpm_pin)
		(void)add_protector(v, FVE_TPM_PIN);
	if (o->passphrase)
		r = add_passphrase(v, o->passphrase);
	for (unsigned i = 0; i < o->recovery_passwords && r == 0; i++)
		r = add_recovery_password(v);
	if (o->startup_key)
		(void)add_protector(v, FVE_STARTUP_KEY);
	if (o->certificate)
		(void)add_protector(v, FVE_CERTIFICATE);
	if (o->clear_key)
		(void)add_protector(v, FVE_CLEAR_KEY);
	return r;
}
