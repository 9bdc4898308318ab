/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata being written: numbers, datums and what they nest. */
#ifndef GENERATORS_BITLOCKER_ENTRIES_H
#define GENERATORS_BITLOCKER_ENTRIES_H

#include "tests/generators/bitlocker_writer.h"

enum fve_role {
	ROLE_PROPERTY = 0,
	ROLE_VMK = 2,
	ROLE_FVEK = 3,
	ROLE_DESCRIPTION = 7,
	ROLE_VIRTUALIZATION = 0xf,
	ROLE_RECOVERY_KEY = 0x12,
	ROLE_STRETCHED_KEY = 0x13
};

enum fve_type {
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

void fve_text(struct fve_writer *w, enum fve_role role, const char *ascii);
/* A key datum of method and key in the clear, and one sealed under another key. */
void fve_key(
        struct fve_writer *w, enum fve_role role, unsigned method, const uint8_t *key, size_t len);
void fve_sealed_key(struct fve_writer *w, enum fve_role role, const uint8_t *under, unsigned method,
        const uint8_t *key, size_t len);

/* The VMK as this protector keeps it. */
void fve_vmk(struct fve_writer *w, const struct fve_protector *p);

#endif
