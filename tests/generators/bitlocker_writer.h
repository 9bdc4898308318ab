/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Turns a plain NTFS volume into a BitLocker volume (FVE metadata version 2, AES-XTS-128, state
 * 4/4). The volume must hold files, each in one piece, where the metadata and the moved header go.
 * Format facts: libbde's documentation, cryptsetup's bitlk.c, dissect.fve, and the bytes of
 * cryptsetup's test images. What only Windows reads (TPM blob) is of the right shape, with noise in
 * it.
 */
#ifndef GENERATORS_BITLOCKER_WRITER_H
#define GENERATORS_BITLOCKER_WRITER_H

#include "fixer/base/buffer.h"
#include "fixer/base/text.h"
#include "tests/generators/random.h"

#include <stdbool.h>

#define FVE_COPIES         3
#define FVE_AREA_SIZE      65536 /* of one metadata copy */
#define FVE_HEADER_SIZE    8192  /* what moves from the start of the volume */
#define FVE_METHOD_XTS128  0x8004
#define FVE_FVEK_LEN       32
#define FVE_CLEAR_KEY      0x0000
#define FVE_TPM            0x0100
#define FVE_RECOVERY       0x0800
#define FVE_MAX_PROTECTORS 10
#define FVE_PASSWORD_TEXT  56 /* 8 groups of 6 digits, '-' between, and the NUL */

struct fve_protector {
	struct guid id;
	uint16_t kind; /* FVE_CLEAR_KEY, ... */
	char password[FVE_PASSWORD_TEXT];
	uint8_t key[16]; /* what the password stands for */
};

struct fve_volume {
	/* Set by the caller. */
	uint64_t size; /* bytes */
	uint32_t sector_size;
	uint64_t metadata[FVE_COPIES], header_backup; /* bytes from the start of the volume */
	const uint8_t *
	        written; /* bit per cluster of 4096 bytes: holds something; others stay untouched */
	uint64_t clusters;    /* in written; what lies beyond is encrypted */
	bool full;            /* encrypt every cluster, whatever written says */
	unsigned bad_copies;  /* how many copies get a flipped bit, from the first on */
	char description[64]; /* ASCII */

	/* Made by fve_make_keys(). */
	struct guid id;
	uint8_t vmk[32], fvek[FVE_FVEK_LEN];
	unsigned protector_count;
	struct fve_protector protectors[FVE_MAX_PROTECTORS];
	struct gen_random random;
};

/* Keys, GUIDs and protectors: a TPM, that many recovery passwords (at most 8), and a clear key when
 * asked for. */
void fve_make_keys(
        struct fve_volume *v, uint64_t seed, unsigned recovery_passwords, bool clear_key);

/* One metadata copy with its validation block, for all three places: appended to out. 0 or -errno.
 */
int fve_build_metadata(struct fve_volume *v, struct buffer *out);

/* Encrypts plain (a volume of v->size bytes) to disk at disk_offset; what is left out there stays
 * as it is. 0 or -errno (logged). */
int fve_write(struct fve_volume *v, int plain, int disk, uint64_t disk_offset);

#endif
