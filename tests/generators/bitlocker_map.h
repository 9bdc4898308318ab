/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lies where on a BitLocker volume, and how. */
#ifndef GENERATORS_BITLOCKER_MAP_H
#define GENERATORS_BITLOCKER_MAP_H

#include "tests/generators/bitlocker_writer.h"

#define FVE_MAX_AREAS 7

/* Where BitLocker's structures are, in no order. Gives their number. */
unsigned fve_areas(const struct fve_volume *v, struct fve_area areas[FVE_MAX_AREAS]);

/* What the writer does with a sector of the plain volume. */
enum fve_fate {
	FVE_LEFT_ALONE, /* BitLocker's own, moved elsewhere, or nothing was ever written there */
	FVE_PLAINTEXT,
	FVE_ENCRYPTED
};

enum fve_fate fve_fate_of(const struct fve_volume *v, uint64_t at);

/* Whether what is written at this byte of the volume is written encrypted. */
bool fve_is_encrypted(const struct fve_volume *v, uint64_t at);

/* Makes the first 512 bytes of the plain volume those of the BitLocker volume, which lies
 * disk_offset bytes into its disk. Takes v->mft_mirror from there. */
void fve_boot_sector(struct fve_volume *v, uint64_t disk_offset, uint8_t sector[512]);

#endif
