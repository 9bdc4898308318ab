/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads and writes that an input asks for, on a BitLocker volume over memory. On the way everything
 * the volume promises is checked, by rules the target gives and not by what the volume thinks.
 */
#ifndef TESTS_FUZZ_VOLUME_IO_H
#define TESTS_FUZZ_VOLUME_IO_H

#include "fixer/block/block_device.h"
#include "tests/fuzz/fve_input.h"

/* Bytes: what (1 write, 2 twice as long, 4 from a sector's start, 8 read while the device fails),
 * pattern, u16 length, u32 offset. */
#define VOLUME_IO_COMMAND 8
#define VOLUME_IO_RANGES  256 /* that belong to BitLocker */

struct volume_rules {
	uint8_t *bytes; /* the device */
	uint64_t size;
	uint32_t unit; /* bytes of a sector of the cipher */
	bool device_writable, volume_writable;
	/* The file system's first sectors, and where they are. */
	uint64_t header_len, header_at;
	/* On the device: read as zero, never written. Not the volume's first sectors. */
	size_t forbidden_count;
	struct volume_range {
		uint64_t start, end;
	} forbidden[VOLUME_IO_RANGES];
	/* One of them that may lie over the moved first sectors: then those read as zero. */
	struct volume_range converting;
	uint16_t method;
	const struct fuzz_key *key;
	/* Whether the sector at that byte of the device is encrypted. */
	bool (*is_encrypted)(const struct volume_rules *rules, uint64_t at);
	uint64_t encrypted_end; /* for is_encrypted, when it wants it */
};

/* What is said of a volume to a person and to a program. */
struct bitlocker_info;
void volume_words_check(const struct bitlocker_info *info);

/* Adds the sectors [start, start + len) touches, as far as they are on the device. */
void volume_forbid(struct volume_rules *rules, uint64_t start, uint64_t len);

/* A device over rules->bytes that stops the run when it is written where that was not asked for. */
struct block_device *volume_io_device(struct volume_rules *rules);

/* Does the commands (len bytes of them) on volume, which lies over that device; then compares what
 * was read and written with what is on the device. */
void volume_io_run(struct block_device *volume, const uint8_t *commands, size_t len);

#endif
