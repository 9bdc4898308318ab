/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each byte of a volume is and where it lies on the device; only bitlocker/ includes it. */
#ifndef BITLOCKER_MAP_H
#define BITLOCKER_MAP_H

#include "fixer/bitlocker/bitlocker.h"
#include "fixer/bitlocker/eow.h"

#define METADATA_AREA (64 * 1024) /* what each metadata copy occupies on disk */

enum extent_kind {
	EXTENT_RESERVED, /* BitLocker's own: reads as zero, refuses writes */
	EXTENT_PLAIN,
	EXTENT_ENCRYPTED,
};

/* A piece of the volume that is all of one kind. */
struct extent {
	enum extent_kind kind;
	uint64_t physical; /* of its first byte, on the device */
	uint64_t len;
};

/* All offsets are in bytes and multiples of the sector size. */
struct fve_map {
	unsigned holders;
	uint32_t sector_size;
	uint64_t size; /* whole sectors of the device */
	uint64_t header_offset, header_len;
	struct byte_range *reserved; /* ascending and apart; all behind header_len */
	size_t reserved_count;
	struct byte_range
	        converting;     /* the conversion buffer of state 2; may cover any other area */
	uint64_t encrypted_end; /* from here on sectors stand in plaintext; without eow */
	struct eow_map *eow;    /* NULL: encrypted_end tells */
};

/*
 * The map of a volume whose info is filled but for encrypted_bytes. StateOffset and metadata copies
 * may lie beyond the end of the device (a volume that was shrunk); the relocated header may not.
 * -EBADMSG when areas overlap or the header is missing; -ENOMEM. Freed with fve_map_release().
 */
int fve_map_new(const struct bitlocker_info *info, uint32_t conversion_bytes, struct fve_map **ret);

/* Adds the areas of encrypt-on-write and, unless nothing is encrypted (state 1), lets eow say what
 * is. Takes eow when it succeeds. -EBADMSG when it contradicts the map or leaves a byte of the
 * volume uncovered; -ENOMEM. The map is unchanged then. */
int fve_map_add_eow(struct fve_map *map, struct eow_map *eow, bool decrypted);

/* One more holder; each calls fve_map_release(). Not for several threads. */
struct fve_map *fve_map_hold(struct fve_map *map);
void fve_map_release(struct fve_map *map); /* NULL is fine */

/* The extent that begins at offset, at most len (> 0) bytes long, both inside the map's size. */
struct extent fve_map_extent(const struct fve_map *map, uint64_t offset, uint64_t len);

/* How many bytes of the device are encrypted. */
uint64_t fve_map_encrypted_bytes(const struct fve_map *map);

#endif
