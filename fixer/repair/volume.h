/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A volume with what it is made of: for those who map its bytes to the disk's. */
#ifndef REPAIR_VOLUME_H
#define REPAIR_VOLUME_H

#include "fixer/bitlocker/bitlocker.h"
#include "fixer/repair/plan.h"

struct volume {
	struct block_device *below;  /* the partition */
	struct bitlocker *bitlocker; /* NULL: plain NTFS */
	struct block_device *dev;    /* the NTFS volume */
};

/* As volume_open; freed with volume_detach, also when it is zeroed. disk stays the caller's. */
int volume_attach(struct block_device *disk, const struct volume_target *target, struct volume *ret,
        struct error *err);
void volume_detach(struct volume *volume);

/* Bytes of the partition that change as a whole: a sector of the disk or of BitLocker. */
uint32_t volume_unit(const struct volume *volume);

/* The byte of the volume that lies at a byte of the partition: BitLocker keeps the volume's first
 * sectors in another place. Of what is BitLocker's own it means nothing. */
uint64_t volume_offset(const struct volume *volume, uint64_t at);

#endif
