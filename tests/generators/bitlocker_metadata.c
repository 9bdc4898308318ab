/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metadata block: header, dataset of datums, validation. */
#include "tests/generators/bitlocker_crypto.h"
#include "tests/generators/bitlocker_writer.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <zlib.h>

#define HEADER_LEN      64
#define DATASET_LEN     48
#define STATE_ENCRYPTED 4

enum role {
	ROLE_PROPERTY = 0,
	ROLE_VMK = 2,
	ROLE_FVEK = 3,
	ROLE_DESCRIPTION = 7,
	ROLE_VIRTUALIZATION = 0xf,
	ROLE_RECOVERY_KEY = 0x12,
	ROLE_STRETCHED_KEY = 0x13
};
enum type {
	TYPE_KEY = 1,
	TYPE_TEXT = 2,
	TYPE_STRETCH = 3,
	TYPE_SEALED = 5,
	TYPE_TPM = 6,
	TYPE_VMK = 8,
	TYPE_VIRTUALIZATION = 0xf,
	TYPE_BACKUP_TIME = 0x15
};

/* Methods named in key datums. */
#define KEY_RECOVERY   0x1000
#define KEY_CLEAR      0x2000
#define KEY_VMK        0x2003
#define KEY_VALIDATION 0x2005

/* Metadata being written. The first failure stays in r, so that callers need not look. */
struct writer {
	struct fve_volume *v;
	struct buffer *out;
	size_t start;     /* where the block begins in out */
	uint64_t time;    /* FILETIME of everything; half of each nonce */
	uint32_t counter; /* the other half */
	int r;
};

static void raw(struct writer *w, const void *data, size_t len)
{
	if (w->r == 0)
		w->r = buffer_append(w->out, data, len);
}

static void u16(struct writer *w, unsigned value)
{
	uint8_t bytes[2];

	put_le16(bytes, (uint16_t)value);
	raw(w, bytes, sizeof(bytes));
}

static void u32(struct writer *w, uint32_t value)
{
	uint8_t bytes[4];

	put_le32(bytes, value);
	raw(w, bytes, sizeof(bytes));
}

static void u64(struct writer *w, uint64_t value)
{
	uint8_t bytes[8];

	put_le64(bytes, value);
	raw(w, bytes, sizeof(bytes));
}

static void noise(struct writer *w, size_t len)
{
	uint8_t bytes[256];

	gen_random_bytes(&w->v->random, bytes, len);
	raw(w, bytes, len);
}

/* Datums nest: begin gives what end needs to fill the size in. */
static size_t begin_datum(struct writer *w, enum role role, enum type type, unsigned flags)
{
	size_t at = w->out->len;

	u16(w, 0);
	u16(w, role);
	u16(w, type);
	u16(w, flags);
	return at;
}

static void end_datum(struct writer *w, size_t at)
{
	if (w->r == 0)
		put_le16(w->out->data + at, (uint16_t)(w->out->len - at));
}

static void text_datum(struct writer *w, enum role role, const char *text)
{
	size_t at = begin_datum(w, role, TYPE_TEXT, 1);

	do
		u16(w, (unsigned char)*text);
	while (*text++);
	end_datum(w, at);
}

/* A key datum of method and key, sealed under another key. */
static void sealed_datum(struct writer *w, enum role role, const uint8_t *under, unsigned method,
        const uint8_t *key, size_t len)
{
	uint8_t nonce[FVE_NONCE_LEN], plain[12 + 64] = {0}, sealed[FVE_MAC_LEN + sizeof(plain)];
	size_t plain_len = 12 + len;

	put_le64(nonce, w->time);
	put_le32(nonce + 8, ++w->counter);
	put_le16(plain, (uint16_t)plain_len);
	put_le16(plain + 2, role);
	put_le16(plain + 4, TYPE_KEY);
	put_le16(plain + 6, 1);
	put_le16(plain + 8, (uint16_t)method);
	memcpy(plain + 12, key, len);
	if (w->r == 0)
		w->r = fve_seal(under, nonce, plain, plain_len, sealed);
	size_t at = begin_datum(w, role, TYPE_SEALED, 1);
	raw(w, nonce, sizeof(nonce));
	raw(w, sealed, FVE_MAC_LEN + plain_len);
	end_datum(w, at);
}

static void recovery_properties(struct writer *w, const struct fve_protector *p)
{
	uint8_t salt[16], stretched[FVE_KEY_LEN];

	gen_random_bytes(&w->v->random, salt, sizeof(salt));
	if (w->r == 0)
		w->r = fve_stretch(p->key, salt, stretched);
	size_t at = begin_datum(w, ROLE_PROPERTY, TYPE_STRETCH, 1);
	u16(w, KEY_RECOVERY);
	u16(w, 0);
	raw(w, salt, sizeof(salt));
	sealed_datum(w, ROLE_RECOVERY_KEY, w->v->vmk, KEY_RECOVERY, p->key, sizeof(p->key));
	sealed_datum(w, ROLE_STRETCHED_KEY, w->v->vmk, KEY_RECOVERY, stretched, sizeof(stretched));
	end_datum(w, at);
	sealed_datum(w, ROLE_PROPERTY, stretched, KEY_VMK, w->v->vmk, sizeof(w->v->vmk));
	at = begin_datum(w, ROLE_PROPERTY, TYPE_BACKUP_TIME, 1);
	u64(w, w->time);
	u64(w, w->time);
	u32(w, 0x00020008);
	end_datum(w, at);
}

static void clear_properties(struct writer *w)
{
	uint8_t key[FVE_KEY_LEN];

	gen_random_bytes(&w->v->random, key, sizeof(key));
	size_t at = begin_datum(w, ROLE_PROPERTY, TYPE_KEY, 1);
	u16(w, KEY_CLEAR);
	u16(w, 0);
	raw(w, key, sizeof(key));
	end_datum(w, at);
	sealed_datum(w, ROLE_PROPERTY, key, KEY_VMK, w->v->vmk, sizeof(w->v->vmk));
}

/* Only a TPM could open this one: the key it keeps is thrown away here. */
static void tpm_properties(struct writer *w)
{
	uint8_t key[FVE_KEY_LEN];

	gen_random_bytes(&w->v->random, key, sizeof(key));
	size_t at = begin_datum(w, ROLE_PROPERTY, TYPE_TPM, 1);
	u32(w, 1u << 7 | 1u << 11); /* PCR 7 and 11, as with Secure Boot */
	noise(w, 180);
	end_datum(w, at);
	sealed_datum(w, ROLE_PROPERTY, key, KEY_VMK, w->v->vmk, sizeof(w->v->vmk));
}

static void vmk_datum(struct writer *w, const struct fve_protector *p)
{
	size_t at = begin_datum(w, ROLE_VMK, TYPE_VMK, p->kind == FVE_CLEAR_KEY ? 3 : 1);

	raw(w, p->id.bytes, GUID_LEN);
	u64(w, w->time);
	u16(w, 0);
	u16(w, p->kind);
	if (p->kind == FVE_RECOVERY)
		recovery_properties(w, p);
	else if (p->kind == FVE_TPM)
		tpm_properties(w);
	else
		clear_properties(w);
	end_datum(w, at);
}

static void virtualization_datum(struct writer *w)
{
	size_t at = begin_datum(w, ROLE_VIRTUALIZATION, TYPE_VIRTUALIZATION, 1);

	u64(w, w->v->header_backup);
	u64(w, FVE_HEADER_SIZE);
	u16(w, 5);
	u16(w, 76); /* from the 5 on */
	u32(w, 0);
	u64(w, w->v->sector_size == 4096 ? 0xb : 0xa);
	u64(w, 0); /* no conversion log */
	u32(w, 0);
	u32(w, w->v->sector_size);
	u32(w, w->v->sector_size);
	for (unsigned i = 0; i < 5; i++)
		u64(w, 0);
	end_datum(w, at);
}

/* Both headers; sizes and the next counter are filled in when they are known. */
static void headers(struct writer *w)
{
	const struct fve_volume *v = w->v;

	raw(w, "-FVE-FS-", 8);
	u16(w, 0);
	u16(w, 2);
	u16(w, STATE_ENCRYPTED);
	u16(w, STATE_ENCRYPTED);
	u64(w, v->size);
	u32(w, 0);
	u32(w, FVE_HEADER_SIZE / v->sector_size);
	for (unsigned i = 0; i < FVE_COPIES; i++)
		u64(w, v->metadata[i]);
	u64(w, v->header_backup);

	u32(w, 0);
	u32(w, 1);
	u32(w, DATASET_LEN);
	u32(w, 0);
	raw(w, v->id.bytes, GUID_LEN);
	u32(w, 0);
	u16(w, FVE_METHOD_XTS128);
	u16(w, FVE_METHOD_XTS128);
	u64(w, w->time);
}

static void fill_sizes(struct writer *w)
{
	size_t dataset = w->out->len - w->start - HEADER_LEN;

	while ((w->out->len - w->start) % 16 != 0 && w->r == 0)
		raw(w, "", 1);
	if (w->r < 0)
		return;
	uint8_t *block = w->out->data + w->start;
	put_le16(block + 8, (uint16_t)((w->out->len - w->start) / 16));
	put_le32(block + HEADER_LEN, (uint32_t)dataset);
	put_le32(block + HEADER_LEN + 12, (uint32_t)dataset);
	put_le32(block + HEADER_LEN + 32, w->counter + 1);
}

static void validation(struct writer *w)
{
	size_t len = w->out->len - w->start;
	uint8_t hash[32];

	if (w->r < 0)
		return;
	uint32_t crc = (uint32_t)crc32(0, w->out->data + w->start, (unsigned)len);
	if (EVP_Digest(w->out->data + w->start, len, hash, NULL, EVP_sha256(), NULL) != 1)
		w->r = -EIO;
	u16(w, (unsigned)(FVE_AREA_SIZE - len));
	u16(w, 2);
	u32(w, crc);
	sealed_datum(w, ROLE_PROPERTY, w->v->vmk, KEY_VALIDATION, hash, sizeof(hash));
}

int fve_build_metadata(struct fve_volume *v, struct buffer *out)
{
	/* 2023-05-15T00:00:00Z */
	struct writer w = {.v = v,
	        .out = out,
	        .start = out->len,
	        .time = filetime_from_ns(1684108800ll * 1000000000)};

	headers(&w);
	text_datum(&w, ROLE_DESCRIPTION, v->description);
	for (unsigned i = 0; i < v->protector_count; i++)
		vmk_datum(&w, &v->protectors[i]);
	sealed_datum(&w, ROLE_FVEK, v->vmk, FVE_METHOD_XTS128, v->fvek, sizeof(v->fvek));
	virtualization_datum(&w);
	fill_sizes(&w);
	validation(&w);
	return w.r;
}
