/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Edits the metadata of a small NTFS volume in memory (512-byte sectors, 1 KiB records): what a
 * damage test needs, with no care for what results. Only the part of $MFT in its first run is seen.
 * ntfs_edit_volume() and _find() need a volume that is whole.
 */
#ifndef GENERATORS_NTFS_EDIT_H
#define GENERATORS_NTFS_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDIT_RECORD 1024u /* bytes */
#define EDIT_NONE   UINT64_MAX

struct ntfs_edit {
	uint8_t *bytes;
	uint64_t size;
	uint32_t cluster;
	uint64_t mft;     /* bytes from the start */
	uint64_t records; /* in the first run of $MFT */
};

/* False when it is no such volume. bytes stay the caller's. */
bool ntfs_edit_volume(uint8_t *bytes, uint64_t size, struct ntfs_edit *ret);
/* NULL when there is no such record. */
uint8_t *ntfs_edit_record(const struct ntfs_edit *e, uint64_t number);
/* The base record in use that has this (ASCII) name first, or EDIT_NONE. */
uint64_t ntfs_edit_find(const struct ntfs_edit *e, const char *name);
/* Takes a FILE record or INDX block of len bytes out of its update sequence, and puts it back; does
 * nothing when that is out of place. */
void ntfs_edit_open(uint8_t *block, size_t len);
void ntfs_edit_close(uint8_t *block, size_t len);
/* The nth (from 0) attribute of a type in an open record; NULL. */
uint8_t *ntfs_edit_attribute(uint8_t *record, uint32_t type, unsigned nth);
/* Bytes from the start of the volume of the first cluster of an attribute; EDIT_NONE: none. */
uint64_t ntfs_edit_first_run(const struct ntfs_edit *e, const uint8_t *attribute);

#endif
