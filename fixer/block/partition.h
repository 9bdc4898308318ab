/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT (UEFI 2.x section 5.3) and MBR partition tables; hostile input. */
#ifndef BLOCK_PARTITION_H
#define BLOCK_PARTITION_H

#include "fixer/base/error.h"
#include "fixer/base/text.h"
#include "fixer/block/block_device.h"
#include "netmend/limits.h"

enum partition_scheme { SCHEME_NONE, SCHEME_MBR, SCHEME_GPT };

struct partition {
	uint32_t number;  /* 1-based, as people and /dev count; 0 = the whole device, no table */
	uint64_t start;   /* bytes from the start of the disk */
	uint64_t size;    /* bytes */
	struct guid type; /* GPT; zero on MBR */
	struct guid id;   /* GPT unique id; zero on MBR */
	uint8_t mbr_type; /* 0 on GPT */
	bool active;      /* MBR: a BIOS starts it */
	char label[112];  /* GPT name as UTF-8 */
};

struct partition_table {
	enum partition_scheme scheme;
	struct guid disk_id;    /* GPT disk GUID; zero otherwise */
	uint32_t mbr_signature; /* MBR disk signature; 0 on GPT */
	bool from_backup;       /* primary GPT was bad, the backup was used */
	size_t count;
	struct partition entries[NM_MAX_PARTITIONS];
};

/* Reads the table. A device without one (a bare volume image) gives SCHEME_NONE and one entry that
 * is the whole device. Bad CRCs: the backup GPT is used; both bad: -EBADMSG,
 * REASON_PARTITION_TABLE_BAD. Entries outside the disk or overlapping are an error too. */
int partition_table_read(struct block_device *disk, struct partition_table *ret, struct error *err);

/* What the partition's type is called ("EFI system", "Windows data"); NULL when it is none we know,
 * and for a device without a table. Static. */
const char *partition_type_name(const struct partition *p);

/* True for a part of a dynamic disk (LDM) or of a storage space: its bytes are laid out by a
 * database elsewhere, so the partition alone says nothing. */
bool partition_is_dynamic(const struct partition *p);

/* A window of disk; does not own it. Writable when disk is. -EINVAL outside, -ENOMEM. */
int partition_open(
        struct block_device *disk, uint64_t start, uint64_t size, struct block_device **ret);

#endif
