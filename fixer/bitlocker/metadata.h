/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share about a parsed volume; nobody else includes it. */
#ifndef BITLOCKER_METADATA_H
#define BITLOCKER_METADATA_H

#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "fixer/bitlocker/map.h"

#define METADATA_DATASET    64     /* dataset header, after the information header */
#define METADATA_ENTRIES    112    /* first entry */
#define METADATA_VALIDATION 88     /* validation block: 8 byte header, datum of 80 */
#define DIGEST_METHOD       0x2005 /* a key datum with this method holds a SHA-256 */
#define FVEK_SEALED_MAX     (12 + 16 + 12 + 64)

/* curr_state and next_state. */
enum fve_state {
	FVE_DECRYPTED = 1,
	FVE_SWITCHING = 2,
	FVE_PAUSED = 3,
	FVE_ENCRYPTED = 4,
	FVE_SWITCHING_PAUSED = 5,
};

struct bitlocker {
	struct bitlocker_info info;
	struct fve_map *map;
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
	bool known_type; /* one of the two volume types; otherwise only vista_* are filled */
	bool encrypt_on_write;
	uint32_t sector_size; /* 512, 4096, or 0: not stated */
	uint64_t metadata_offset[3];
	uint64_t eow_offset[2]; /* the information of encrypt-on-write; 0 without it */
	struct guid type;
	bool vista_jump;         /* the first bytes are those of Vista */
	uint64_t vista_metadata; /* where Vista's metadata would be */
};

/* sector: 512 bytes. -ENODEV, or REASON_BITLOCKER_METADATA_BAD for an impossible sector size. */
int fve_sector0_parse(const uint8_t *sector, struct fve_sector0 *ret, struct error *err);

/* The information header and what is needed of the dataset header. */
struct fve_header {
	size_t len; /* header, dataset and padding: what the validation block covers */
	uint16_t version, current_state, next_state;
	uint64_t state_offset;
	uint32_t conversion_bytes, header_sectors;
	uint64_t own_offset[3], header_offset;
	uint32_t dataset_size;
	struct guid volume_id;
	uint16_t method;
};

struct fve_copy {
	uint8_t area[METADATA_AREA];
	bool good; /* in its place, version 2, sizes and CRC-32 right */
	struct fve_header header;
};

struct fve_copies {
	struct fve_copy copy[3];
	unsigned good_count;
	bool agree;                    /* all three are good and the same */
	const struct fve_copy *chosen; /* the first good one */
};

/* Reads the three copies into ret, which is zeroed. A copy that can't be read, or lies beyond the
 * end of dev, is a bad one. REASON_BITLOCKER_VISTA, _METADATA_BAD, _DISK_READ_ERROR when none is
 * good. */
int fve_copies_read(struct block_device *dev, const struct fve_sector0 *s, struct fve_copies *ret,
        struct error *err);

/* Reads the entry list of a dataset into b: protectors, FVEK, clear key. Unknown entries are
 * skipped. -EBADMSG when the list itself is broken. */
int fve_entries_parse(struct cursor entries, struct bitlocker *b);

#endif
