/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is on a disk: its partitions and the volumes that could be Windows; a partition whose boot
 * sector can't be read is one, too. Only reads. */
#ifndef FIXER_SURVEY_H
#define FIXER_SURVEY_H

#include "fixer/bitlocker/bitlocker.h"
#include "fixer/block/content.h"
#include "fixer/block/image_format.h"
#include "fixer/block/partition.h"

enum volume_kind { VOLUME_NTFS, VOLUME_BITLOCKER, VOLUME_UNREADABLE };
const char *volume_kind_name(
        enum volume_kind kind); /* "ntfs", "bitlocker", "unreadable". Static. */

struct survey_volume {
	const struct partition *partition; /* into the survey's table */
	enum volume_kind kind;
	enum reason reason; /* OK, or why it can't be worked on */
	char text[320];
	struct bitlocker *bitlocker; /* NULL on plain NTFS or damaged metadata */
};

struct survey {
	struct block_device *disk; /* open for reading */
	struct partition_table table;
	/* What each partition's boot sector says, in the order of the table. */
	enum volume_content content[NM_MAX_PARTITIONS];
	struct image_info image; /* of the file the disk lies in, when the caller knows */
	struct error refusal;    /* code set: why nothing may be written to it, whatever is on it */
	size_t count;
	struct survey_volume volumes[NM_MAX_VOLUMES];
	size_t left_out; /* volumes over that limit */
};

/* path: image or device. An image of a disk with sectors of 4096 bytes is recognised by its GPT.
 * The caller frees with survey_free. Errors of file_device_open() and partition_table_read(); when
 * the table of a RAID member cannot be read, REASON_RAID_MEMBER. What is wrong with one volume is
 * in that volume; the volumes of a disk with a refusal have that reason, unless one of their own.
 */
int survey_disk(const char *path, struct survey **ret, struct error *err);
void survey_free(struct survey *s);
DEFINE_CLEANUP(struct survey *, survey_free)

#endif
