/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One disk as mkdisk makes it: what was asked for, where things are, and what came out. */
#ifndef GENERATORS_DISK_H
#define GENERATORS_DISK_H

#include "tests/generators/bitlocker_writer.h"
#include "tests/generators/gpt.h"
#include "tests/generators/hash.h"
#include "tests/generators/tree.h"

#include <stdbool.h>
#include <stdint.h>

enum disk_kind { DISK_BITLOCKER, DISK_PLAIN, DISK_NO_WINDOWS, DISK_NO_NTFS };

/* Where BitLocker's structures are in the volume: copies in the order of their places but for the
 * last. */
/* What the journal of an unclean volume tells that is not in place. */
enum disk_pending {
	DISK_PENDING_NOTHING,
	DISK_PENDING_ELSEWHERE, /* files made in \Windows\Temp */
	DISK_PENDING_BESIDE     /* files made in the folder of the bad ones, too */
};

enum disk_places { DISK_SPREAD, DISK_LOW, DISK_HIGH, DISK_REVERSED };

struct disk_options {
	const char *output, *esp_dir, *name;
	const char *startup_key; /* where to write the .BEK file; NULL: no such protector */
	enum disk_kind kind;
	uint64_t seed, size;
	uint32_t sector_size;
	unsigned files, bad_files;
	bool good_291;
	unsigned unclean;          /* version of the journal, 1 or 2; 0: it is clean */
	enum disk_pending pending; /* of an unclean one */
	unsigned dumps;            /* TREE_DUMP_* */
	const char *safe_boot;  /* of the BCD on the ESP, a word of bcd.h; NULL: there is no BCD */
	bool volume_only;       /* output is C: alone: no partition table and no other partition */
	bool sha256;            /* OUTPUT.json says C:'s; it takes longer than to make the disk */
	struct fve_options fve; /* of DISK_BITLOCKER */
	enum disk_places places;
};

/* Fills in what mkdisk's arguments say. False: they say nothing sensible, or ask for help. */
bool disk_parse_options(int argc, char **argv, struct disk_options *ret);
void disk_print_usage(void);

enum { PART_ESP, PART_MSR, PART_C, PART_RECOVERY, PART_COUNT };

struct disk {
	struct disk_options options;
	int fd;
	struct guid id;
	struct gpt_partition partitions[PART_COUNT];
	unsigned partition_count; /* 0: the volume alone, which partitions[PART_C] describes */
	struct tree tree;
	struct fve_volume fve;    /* of DISK_BITLOCKER */
	struct fve_area taken[8]; /* of a FAT volume */
	unsigned taken_count;
	char ntfs_sha256[GEN_SHA256_HEX]; /* "" when C: is not NTFS, or nobody asked */
};

/* Where everything of d->options goes. 0 or -EINVAL (logged) when the disk is too small. */
int disk_plan(struct disk *d);
/* Makes, fills and copies to d->fd: the Windows volume (with BitLocker), the recovery volume, the
 * ESP. In this order: the ESP tells of the Windows volume. */
int disk_write_windows(struct disk *d);
int disk_write_recovery(struct disk *d);
int disk_write_esp(struct disk *d);
/* OUTPUT.json */
int disk_write_json(const struct disk *d);

/* --- between the files that make disks ------------------------------------------------------- */

/* The name of a file beside the output, to free(); NULL without memory. */
char *disk_beside(const struct disk *d, const char *suffix);
/* An NTFS volume for this partition, in a file of its own. */
int disk_format(const struct disk *d, unsigned part, const char *path, const char *label);

const char *disk_places_name(enum disk_places places);
bool disk_places_by_name(const char *name, enum disk_places *ret);
/* An unclean volume gets the files that its journal tells of (d->tree.ntfs); then, not mounted any
 * more, the journal. before: where a copy without those files goes. */
int disk_put_pending(struct disk *d, const char *path, const char *before);
int disk_crash(const struct disk *d, const char *path, const char *before);
/* Makes the FAT volume of a stick. */
int disk_fill_to_go(struct disk *d, const char *path);
/* Keys and sizes of d->fve; then, in the new volume, files that keep room for its structures; at
 * last the .BEK file. */
int disk_plan_bitlocker(struct disk *d);
int disk_reserve_bitlocker(struct disk *d);
int disk_write_startup_key(struct disk *d);

#endif
