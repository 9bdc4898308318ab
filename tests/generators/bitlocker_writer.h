/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Turns a plain volume into a BitLocker volume (FVE metadata version 2, of Vista 1). The volume
 * must hold files, each in one piece, where BitLocker's structures go. Format facts: libbde's
 * documentation, cryptsetup's bitlk.c, dissect.fve, and the bytes of cryptsetup's test images. What
 * only Windows reads (TPM blob) is of the right shape, with noise in it.
 */
#ifndef GENERATORS_BITLOCKER_WRITER_H
#define GENERATORS_BITLOCKER_WRITER_H

#include "fixer/base/buffer.h"
#include "fixer/base/text.h"
#include "tests/generators/bitlocker_crypto.h"
#include "tests/generators/bitlocker_eow.h"
#include "tests/generators/random.h"

#include <stdbool.h>

#define FVE_COPIES           3
#define FVE_AREA_SIZE        65536 /* of one metadata copy, at most */
#define FVE_CLUSTER          4096  /* what is encrypted or left alone as a whole */
#define FVE_STATE_DECRYPTED  1
#define FVE_STATE_CONVERTING 2
#define FVE_STATE_ENCRYPTED  4

#define FVE_CLEAR_KEY      0x0000 /* kinds of protectors, as in the metadata */
#define FVE_TPM            0x0100
#define FVE_STARTUP_KEY    0x0200
#define FVE_TPM_PIN        0x0500
#define FVE_RECOVERY       0x0800
#define FVE_CERTIFICATE    0x1000
#define FVE_PASSPHRASE     0x2000
#define FVE_MAX_PASSWORDS  8
#define FVE_MAX_PROTECTORS 16
#define FVE_PASSWORD_TEXT  56 /* 8 groups of 6 digits, '-' between, and the NUL */

enum fve_form {
	FVE_FIXED, /* NTFS on Windows 7 to 11 */
	FVE_TO_GO, /* FAT on a stick */
	FVE_VISTA
};

/* What is asked for. All zero: as Windows 11 leaves a volume it encrypted, with a TPM and no other
 * protector. */
struct fve_options {
	enum fve_form form;
	bool sector_size_zero; /* the boot sector does not tell it */
	uint16_t method;       /* 0x8000 to 0x8005; 0: XTS-AES-128 */
	unsigned recovery_passwords;
	const char *passphrase; /* UTF-8; NULL: none */
	bool no_tpm, tpm_pin, startup_key, certificate, clear_key;
	unsigned stretch_flags;  /* of recovery passwords and passphrase; none is known to mean 0 */
	unsigned header_sectors; /* how many are moved from the start; 0: 8 KiB */
	unsigned curr_state, next_state; /* 0: 4, encrypted */
	/* Where the metadata says that encryption ends, in bytes, whatever the size of the volume;
	 * 0: grow bytes before or shrink bytes behind its end. */
	uint64_t encrypted_size, grow, shrink;
	uint64_t conversion_size;   /* bytes of the buffer at encrypted_size, in state 2 */
	bool encrypt_on_write;      /* unfinished in the newer way: with bitmaps */
	unsigned encrypted_percent; /* of the chunks of encrypt_on_write */
	unsigned chunk_size;        /* of encrypt_on_write, in bytes; 0: such that there are many */
	bool full;                  /* encrypt every cluster, whatever is written there */
	bool unknown_entries; /* datums nobody has heard of in every place that takes datums */
	bool copies_differ;   /* three good metadata copies, not the same */
	unsigned bad_copies;  /* how many metadata copies get a flipped bit, from the first on */
};

struct fve_protector {
	struct guid id;
	uint16_t kind;                    /* FVE_CLEAR_KEY, ... */
	char password[FVE_PASSWORD_TEXT]; /* of FVE_RECOVERY */
	/* What is stretched (passwords), or seals the VMK as it is (the others). */
	uint8_t key[FVE_KEY_LEN];
	size_t key_len;
	uint8_t salt[16], stretched[FVE_KEY_LEN]; /* of passwords */
};

struct fve_volume {
	/* Set by the caller. */
	struct fve_options options;
	uint64_t size; /* bytes */
	uint32_t sector_size;
	uint64_t metadata[FVE_COPIES], header_backup; /* bytes from the start of the volume */
	struct fve_eow eow;                           /* of options.encrypt_on_write: planned */
	/* Bit per cluster: holds something; others stay untouched unless options.full. NULL: all
	 * do. */
	const uint8_t *written;
	uint64_t clusters;    /* in written; what lies beyond is encrypted */
	char description[64]; /* ASCII */

	uint64_t mft_mirror; /* Vista: its cluster, as the plain boot sector tells; set by
	                        fve_write() */

	/* Made by fve_make_keys(). */
	const struct fve_method *method;
	struct guid id;
	uint8_t vmk[FVE_KEY_LEN], fvek[FVE_MAX_FVEK];
	unsigned protector_count;
	struct fve_protector protectors[FVE_MAX_PROTECTORS];
	struct gen_random random;
};

/* Keys, GUIDs and the protectors of v->options. 0, -EINVAL (logged) for a passphrase that is not
 * UTF-8, or another -errno. */
int fve_make_keys(struct fve_volume *v, uint64_t seed);

/* The .BEK file of a startup key protector, appended to out. 0 or -errno. */
int fve_startup_key_file(struct fve_volume *v, const struct fve_protector *p, struct buffer *out);

/* How much of the volume's start lies at header_backup, in bytes. */
uint32_t fve_header_size(const struct fve_volume *v);

/* Room of one metadata copy, in bytes. */
uint32_t fve_area_size(const struct fve_volume *v);

/* Where the metadata says that encryption ends. */
uint64_t fve_encrypted_size(const struct fve_volume *v);

/* One metadata copy with its validation block, for all three places: appended to out. 0 or -errno.
 */
int fve_build_metadata(struct fve_volume *v, struct buffer *out);

/* Encrypts plain (a volume of v->size bytes) to disk at disk_offset; what is left out there stays
 * as it is. 0 or -errno (logged). */
int fve_write(struct fve_volume *v, int plain, int disk, uint64_t disk_offset);

#endif
