/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/volume.h"

#include <errno.h>
#include <string.h>

static int attach_bitlocker(struct volume *v, const struct secret *vmk, struct error *err)
{
	int r = bitlocker_parse(v->below, &v->bitlocker, err);

	return r < 0 ? r : bitlocker_open(v->below, v->bitlocker, vmk, &v->dev, err);
}

int volume_attach(struct block_device *disk, const struct volume_target *target, struct volume *ret,
        struct error *err)
{
	struct volume v = {0};
	const struct partition *p = &target->partition;

	int r = partition_open(disk, p->start, p->size, &v.below);
	if (r < 0)
		return error_set(err, r,
		        r == -ENOMEM ? REASON_OUT_OF_MEMORY : REASON_PARTITION_TABLE_BAD,
		        "partition %u does not lie on the disk: %s", p->number, strerror(-r));
	if (target->bitlocker)
		r = attach_bitlocker(&v, target->vmk, err);
	else
		r = partition_open(v.below, 0, v.below->size, &v.dev);
	if (r < 0) {
		if (!target->bitlocker)
			(void)error_set(
			        err, r, REASON_OUT_OF_MEMORY, "no memory to open the volume");
		volume_detach(&v);
		return r;
	}
	*ret = v;
	return 0;
}

void volume_detach(struct volume *volume)
{
	block_close(volume->dev);
	bitlocker_free(volume->bitlocker);
	block_close(volume->below);
	*volume = (struct volume){0};
}

int volume_open(struct block_device *disk, const struct volume_target *target,
        struct block_device **ret, struct block_device **ret_below, struct error *err)
{
	struct volume v;

	int r = volume_attach(disk, target, &v, err);
	if (r < 0)
		return r;
	bitlocker_free(v.bitlocker);
	*ret = v.dev;
	*ret_below = v.below;
	return 0;
}

uint32_t volume_unit(const struct volume *volume)
{
	uint32_t unit = volume->below->sector_size;

	if (volume->bitlocker && bitlocker_info(volume->bitlocker)->sector_size > unit)
		unit = bitlocker_info(volume->bitlocker)->sector_size;
	return unit;
}

uint64_t volume_offset(const struct volume *volume, uint64_t at)
{
	if (!volume->bitlocker)
		return at;
	const struct bitlocker_info *info = bitlocker_info(volume->bitlocker);
	uint64_t moved = (uint64_t)info->header_sectors * info->sector_size;
	return at >= info->header_offset && at - info->header_offset < moved
	               ? at - info->header_offset
	               : at;
}
