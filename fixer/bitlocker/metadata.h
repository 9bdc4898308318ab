/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share about a parsed volume; nobody else includes it. */
#ifndef BITLOCKER_METADATA_H
#define BITLOCKER_METADATA_H

#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"

#define METADATA_AREA       (64 * 1024) /* what each copy occupies on disk */
#define METADATA_DATASET    64          /* dataset header, after the information header */
#define METADATA_ENTRIES    112         /* first entry */
#define METADATA_VALIDATION 88          /* validation block: 8 byte header, datum of 80 */
#define DIGEST_METHOD       0x2005      /* a key datum with this method holds a SHA-256 */
#define FVEK_SEALED_MAX     (12 + 16 + 12 + 64)

/* curr_state and next_state. */
enum fve_state {
	FVE_DECRYPTED = 1,
	FVE_SWITCHING = 2,
	FVE_PAUSED = 3,
	FVE_ENCRYPTED = 4,
	FVE_SWITCHING_PAUSED = 5,
};

struct byte_range {
	uint64_t start, end; /* end exclusive */
};

struct bitlocker {
	struct bitlocker_info info;
	/* Metadata copies, relocated header, conversion buffer: ascending, without overlaps. */
	struct byte_range reserved[5];
	size_t reserved_count;
	uint8_t digest[32]; /* SHA-256 of the chosen copy's header and dataset */
	uint8_t validation[BITLOCKER_BLOB_LEN];
	uint8_t plain_digest[32]; /* the SHA-256 the copy states in the clear, in state 1 */
	bool has_plain_digest;
	uint8_t fvek[FVEK_SEALED_MAX]; /* nonce, MAC, ciphertext */
	size_t fvek_len;               /* 0: the volume has none we understand */
	struct bitlocker_blob clear_blob;
	uint8_t clear_key[BITLOCKER_KEY_LEN];
};

/* What the boot sector says. */
struct fve_sector0 {
	bool encrypt_on_write;
	uint32_t sector_size; /* 0: not stated */
	uint64_t metadata_offset[3];
};

/* sector: 512 bytes. -ENODEV, REASON_BITLOCKER_VISTA, REASON_BITLOCKER_METADATA_BAD. */
int fve_sector0_parse(const uint8_t *sector, struct fve_sector0 *ret, struct error *err);

/* Reads the entry list of a dataset into b: protectors, FVEK, clear key. Unknown entries are
 * skipped. -EBADMSG when the list itself is broken. */
int fve_entries_parse(struct cursor entries, struct bitlocker *b);

/* Fills b->reserved from b->info. -EBADMSG when the areas overlap or lie outside the volume. */
int fve_reserved_ranges(struct bitlocker *b, uint32_t conversion_bytes);

#endif
