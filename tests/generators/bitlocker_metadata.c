/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metadata block: header, dataset of datums, validation. */
#include "tests/generators/bitlocker_entries.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <zlib.h>

#define HEADER_LEN 64

/* Encryption that stops at an offset is that of Windows 7. */
static bool before_windows_8(const struct fve_volume *v)
{
	return v->options.curr_state != 0 && v->options.curr_state != FVE_STATE_ENCRYPTED &&
	       !v->options.encrypt_on_write;
}

static void virtualization_extension(struct fve_writer *w)
{
	const struct fve_volume *v = w->v;
	uint64_t flags = v->sector_size == 4096 ? 0xb : 0xa;

	if (v->options.form == FVE_TO_GO)
		flags = 0x848;

	fve_u16(w, 5);
	fve_u16(w, 76); /* from the 5 on */
	fve_u32(w, 0);
	fve_u64(w, v->options.encrypt_on_write ? flags | 0x40 : flags);
	fve_u64(w, 0); /* no conversion log */
	fve_u32(w, 0);
	fve_u32(w, v->sector_size);
	fve_u32(w, v->sector_size);
	for (unsigned i = 0; i < 5; i++)
		fve_u64(w, 0);
}

static void virtualization(struct fve_writer *w)
{
	size_t at = fve_begin(w, ROLE_VIRTUALIZATION, TYPE_VIRTUALIZATION, 1);

	fve_u64(w, w->v->header_backup);
	fve_u64(w, fve_header_size(w->v));
	if (!before_windows_8(w->v))
		virtualization_extension(w);
	fve_end(w, at);
}

/* Its size is filled in when it is known. */
static void header(struct fve_writer *w)
{
	const struct fve_volume *v = w->v;
	bool vista = v->options.form == FVE_VISTA;

	fve_put(w, "-FVE-FS-", 8);
	fve_u16(w, 0);
	fve_u16(w, vista ? 1 : 2);
	fve_u16(w, v->options.curr_state ? v->options.curr_state : FVE_STATE_ENCRYPTED);
	fve_u16(w, v->options.next_state ? v->options.next_state : FVE_STATE_ENCRYPTED);
	fve_u64(w, fve_encrypted_size(v));
	fve_u32(w, (uint32_t)v->options.conversion_size);
	fve_u32(w, fve_header_size(v) / v->sector_size);
	for (unsigned i = 0; i < FVE_COPIES; i++)
		fve_u64(w, v->metadata[i]);
	fve_u64(w, vista ? v->mft_mirror : v->header_backup);
}

static void fill_size(struct fve_writer *w)
{
	while ((w->out->len - w->start) % 16 != 0 && w->r == 0)
		fve_put(w, "", 1);
	size_t size = w->out->len - w->start;
	if (w->r == 0)
		put_le16(w->out->data + w->start + 8,
		        (uint16_t)(w->v->options.form == FVE_VISTA ? size : size / 16));
}

static void dataset(struct fve_writer *w)
{
	const struct fve_volume *v = w->v;
	size_t at = fve_begin_dataset(w, &v->id, 0, v->method->id);

	fve_unknown(w);
	fve_text(w, ROLE_DESCRIPTION, v->description);
	for (unsigned i = 0; i < v->protector_count; i++) {
		fve_vmk(w, &v->protectors[i]);
		fve_unknown(w);
	}
	fve_sealed_key(w, ROLE_FVEK, v->vmk, v->method->id, v->fvek, v->method->fvek_len);
	if (v->options.form != FVE_VISTA)
		virtualization(w);
	fve_unknown(w);
	fve_end_dataset(w, at);
	if (w->r == 0)
		put_le32(w->out->data + at + 32, w->counter + 1);
}

static void validation(struct fve_writer *w)
{
	size_t len = w->out->len - w->start;
	uint8_t hash[32];

	if (w->r < 0)
		return;
	uint32_t crc = (uint32_t)crc32(0, w->out->data + w->start, (unsigned)len);
	if (EVP_Digest(w->out->data + w->start, len, hash, NULL, EVP_sha256(), NULL) != 1)
		w->r = -EIO;
	fve_u16(w, (unsigned)(fve_area_size(w->v) - len));
	fve_u16(w, 2);
	fve_u32(w, crc);
	if (w->v->options.curr_state == FVE_STATE_DECRYPTED)
		fve_key(w, ROLE_PROPERTY, KEY_VALIDATION, hash, sizeof(hash));
	else
		fve_sealed_key(w, ROLE_PROPERTY, w->v->vmk, KEY_VALIDATION, hash, sizeof(hash));
}

int fve_build_metadata(struct fve_volume *v, struct buffer *out)
{
	struct fve_writer w = fve_writer_to(v, out);

	header(&w);
	dataset(&w);
	fill_size(&w);
	validation(&w);
	return w.r;
}
