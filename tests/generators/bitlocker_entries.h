/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata being written: numbers, datums and what they nest. */
#ifndef GENERATORS_BITLOCKER_ENTRIES_H
#define GENERATORS_BITLOCKER_ENTRIES_H

#include "tests/generators/bitlocker_writer.h"

enum fve_role {
	ROLE_PROPERTY = 0,
	ROLE_VMK = 2,
	ROLE_FVEK = 3,
	ROLE_STARTUP_KEY = 6,
	ROLE_DESCRIPTION = 7,
	ROLE_PUBLIC_KEY = 0xc,
	ROLE_VIRTUALIZATION = 0xf,
	ROLE_RECOVERY_KEY = 0x12,
	ROLE_STRETCHED_KEY = 0x13,
	ROLE_VOLUME_ID = 0x19,
	ROLE_UNKNOWN = 0x7e
};

enum fve_type {
	TYPE_ERASED = 0,
	TYPE_KEY = 1,
	TYPE_TEXT = 2,
	TYPE_STRETCH = 3,
	TYPE_USE_KEY = 4,
	TYPE_SEALED = 5,
	TYPE_TPM = 6,
	TYPE_VMK = 8,
	TYPE_EXTERNAL_KEY = 9,
	TYPE_ASYMMETRIC = 0xc,
	TYPE_EXPORTED_KEY = 0xd,
	TYPE_PUBLIC_KEY = 0xe,
	TYPE_VIRTUALIZATION = 0xf,
	TYPE_BACKUP_TIME = 0x15,
	TYPE_GUID = 0x17,
	TYPE_UNKNOWN = 0x7f
};

/* Methods named in key datums. */
#define KEY_RECOVERY    0x1000
#define KEY_PASSPHRASE  0x1001
#define KEY_CLEAR       0x2000
#define KEY_EXTERNAL    0x2002
#define KEY_VMK         0x2003
#define KEY_VALIDATION  0x2005
#define KEY_CERTIFICATE 0x2006

#define DATASET_LEN 48 /* the header of a list of datums */

/* The first failure stays in r, so that callers need not look. */
struct fve_writer {
	struct fve_volume *v;
	struct buffer *out;
	size_t start;     /* where the block begins in out */
	uint64_t time;    /* FILETIME of everything; half of each nonce */
	uint32_t counter; /* the other half */
	int r;
};

void fve_put(struct fve_writer *w, const void *data, size_t len);
void fve_u16(struct fve_writer *w, unsigned value);
void fve_u32(struct fve_writer *w, uint32_t value);
void fve_u64(struct fve_writer *w, uint64_t value);
void fve_noise(struct fve_writer *w, size_t len);

/* Datums nest: begin gives what end needs to fill the size in. */
size_t fve_begin(struct fve_writer *w, enum fve_role role, enum fve_type type, unsigned flags);
void fve_end(struct fve_writer *w, size_t at);

/* The header of a list of datums that belongs to id; fve_end_dataset() fills the size in. */
size_t fve_begin_dataset(
        struct fve_writer *w, const struct guid *id, uint32_t next_nonce, unsigned method);
void fve_end_dataset(struct fve_writer *w, size_t at);

void fve_text(struct fve_writer *w, enum fve_role role, const char *ascii);
/* A datum of noise. */
void fve_opaque(struct fve_writer *w, enum fve_role role, enum fve_type type, size_t len);
/* With options.unknown_entries: what a later Windows might have put here. */
void fve_unknown(struct fve_writer *w);
/* A key datum of method and key in the clear, and one sealed under another key. */
void fve_key(
        struct fve_writer *w, enum fve_role role, unsigned method, const uint8_t *key, size_t len);
void fve_sealed_key(struct fve_writer *w, enum fve_role role, const uint8_t *under, unsigned method,
        const uint8_t *key, size_t len);

/* A writer to out; times and nonces begin anew. */
struct fve_writer fve_writer_to(struct fve_volume *v, struct buffer *out);

/* The VMK as this protector keeps it. */
void fve_vmk(struct fve_writer *w, const struct fve_protector *p);

#endif
