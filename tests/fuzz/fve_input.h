/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BitLocker volumes for targets. An input holds metadata as if it stood open: what a volume keeps
 * sealed (FVEK, VMK under the clear key, digest) is plaintext there, where mutations can reach it.
 * It is sealed here, with one known VMK, as only the holder of that could.
 */
#ifndef TESTS_FUZZ_FVE_INPUT_H
#define TESTS_FUZZ_FVE_INPUT_H

#include "fixer/base/bytes.h"
#include "tests/fuzz/fuzz.h"

#define FUZZ_DEVICE_SIZE (512 * 1024) /* of the largest volume */
#define FUZZ_AREA        65536        /* of one metadata copy */
#define FUZZ_OVERHEAD    28           /* nonce, MAC */
#define FUZZ_ENTRIES     112          /* where they begin in a copy */

extern const uint8_t fuzz_vmk[32];

/* A device's content before anything is put there: always the same noise. */
void fuzz_noise(uint8_t device[FUZZ_DEVICE_SIZE]);

struct fuzz_boot_sector {
	bool to_go, encrypt_on_write;
	uint16_t sector_size; /* as it states it; 0 is allowed */
	uint64_t metadata[3], map[2];
};
void fuzz_boot_sector_put(uint8_t *sector, const struct fuzz_boot_sector *b);

/* A small, whole set of metadata of that method and sector size, open: header, dataset, a clear key
 * when asked for, FVEK; no validation block. Gives its length, a multiple of 16. block has
 * FUZZ_AREA bytes. */
struct fuzz_metadata {
	uint16_t method, state, next_state;
	uint32_t sector_size, header_sectors, conversion_bytes;
	uint64_t encrypted_size, metadata[3], header;
	bool clear_key;
};
size_t fuzz_compose(uint8_t *block, const struct fuzz_metadata *m);

/* Seals len bytes (nonce, room for the MAC, plaintext) in their place. */
void fuzz_seal(const uint8_t key[32], uint8_t *sealed, size_t len);

/* The plaintext of a copy's FVEK, taken before it is sealed. */
struct fuzz_key {
	uint8_t key[64];
	size_t len;
};

/* What the validation block holds. The first is right while volumes are encrypted, the second once
 * they are decrypted. */
enum fuzz_validation {
	FUZZ_SEALED_DIGEST,
	FUZZ_OPEN_DIGEST,
	FUZZ_NO_DIGEST,
	FUZZ_WRONG_DIGEST, /* sealed, but of other metadata */
	FUZZ_VALIDATIONS
};

/* block: a copy of FUZZ_AREA bytes that stands open. Seals its FVEK and the VMKs beside a clear
 * key; ret_key gets the FVEK. False when the length it states leaves no room for its validation. */
bool fuzz_seal_entries(uint8_t *block, struct fuzz_key *ret_key);
/* Writes the validation block behind what the copy states as its length. */
void fuzz_validate(uint8_t *block, enum fuzz_validation how);

#endif
