/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a test wants of a small BitLocker volume, and what each of its sectors is then. For
 * fve_volume.h. */
#ifndef TESTS_FVE_SPEC_H
#define TESTS_FVE_SPEC_H

#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "tests/unit/memory_device.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <zlib.h>
#include <cmocka.h>

#define FVE_AREA    65536
#define FVE_REGIONS 4
#define FVE_BITS    512 /* chunks of a region at most */
#define KIB         ((uint64_t)1024)

struct fve_test_region {
	uint64_t start, len; /* of the volume; len 0 ends the list */
	uint64_t bitmap, log;
};

struct fve_spec {
	uint64_t size; /* of the device */
	uint32_t sector;
	uint16_t method;
	uint16_t state, next;
	uint64_t state_offset;
	uint32_t state_size;
	uint64_t header;
	uint32_t header_sectors;
	uint64_t metadata[3];
	bool to_go, plain_digest;
	/* Encrypt-on-write, when chunk is set. */
	uint32_t chunk, log_size;
	uint64_t info[2];
	struct fve_test_region region[FVE_REGIONS];
};

struct fve_volume {
	struct fve_spec spec;
	uint8_t *bytes; /* the device */
	uint8_t *view;  /* the plaintext volume */
	uint8_t *kind;  /* of each sector of the device: 'r'eserved, 'e'ncrypted, 'p'lain */
	uint8_t vmk[BITLOCKER_KEY_LEN], fvek[32];
	uint8_t bit[FVE_REGIONS][FVE_BITS];
	struct memory_device memory;
};

/* 2 MiB, everything where it does not touch, three copies, state 4/4. */
static inline struct fve_spec fve_usual(uint32_t sector)
{
	return (struct fve_spec){.size = 2048 * KIB,
	        .sector = sector,
	        .method = METHOD_XTS128,
	        .state = 4,
	        .next = 4,
	        .state_offset = 2048 * KIB,
	        .header = 640 * KIB,
	        .header_sectors = (uint32_t)(8 * KIB / sector),
	        .metadata = {256 * KIB, 1024 * KIB, 1792 * KIB}};
}

/* The same with an unfinished conversion: two regions around the relocated header's own. */
static inline struct fve_spec fve_usual_eow(uint32_t sector)
{
	struct fve_spec s = fve_usual(sector);

	s.chunk = 16 * 1024;
	s.log_size = 3 * 4096;
	s.info[0] = 352 * KIB;
	s.info[1] = 1344 * KIB;
	s.region[0] = (struct fve_test_region){8 * KIB, 632 * KIB, 384 * KIB, 416 * KIB};
	s.region[1] = (struct fve_test_region){640 * KIB, 8 * KIB, 400 * KIB, 0};
	s.region[2] = (struct fve_test_region){648 * KIB, 1400 * KIB, 448 * KIB, 480 * KIB};
	return s;
}

static inline uint64_t fve_header_len(const struct fve_spec *s)
{
	return (uint64_t)s->header_sectors * s->sector;
}

/* --- which sector is what -------------------------------------------------------------------- */

static inline bool fve_sector_is_encrypted(const struct fve_volume *v, uint64_t at)
{
	const struct fve_spec *s = &v->spec;

	if (s->state == 1)
		return false;
	if (s->chunk == 0)
		return at < s->state_offset;
	for (size_t i = 0; i < FVE_REGIONS && s->region[i].len; i++)
		if (at >= s->region[i].start && at - s->region[i].start < s->region[i].len)
			return v->bit[i][(at - s->region[i].start) / s->chunk];
	return false;
}

/* In the conversion buffer of state 2, where neither form is known. */
static inline bool fve_is_converting(const struct fve_spec *s, uint64_t at)
{
	return s->state == 2 && at + s->sector > s->state_offset &&
	       at < s->state_offset + s->state_size;
}

static inline void fve_mark_reserved(struct fve_volume *v, uint64_t start, uint64_t len)
{
	const struct fve_spec *s = &v->spec;

	for (uint64_t at = start / s->sector; len > 0 && at * s->sector < start + len; at++)
		if (at < s->size / s->sector)
			v->kind[at] = 'r';
}

static inline void fve_mark(struct fve_volume *v)
{
	const struct fve_spec *s = &v->spec;

	for (uint64_t at = 0; at < s->size / s->sector; at++)
		v->kind[at] = fve_sector_is_encrypted(v, at * s->sector) ? 'e' : 'p';
	for (size_t i = 0; i < 3; i++)
		fve_mark_reserved(v, s->metadata[i], FVE_AREA);
	fve_mark_reserved(v, s->header, fve_header_len(s));
	if (s->state == 2)
		fve_mark_reserved(v, s->state_offset, s->state_size);
	for (size_t i = 0; s->chunk && i < FVE_REGIONS && s->region[i].len; i++) {
		fve_mark_reserved(v, s->region[i].bitmap, 0x600);
		if (s->region[i].log)
			fve_mark_reserved(v, s->region[i].log, s->log_size);
		fve_mark_reserved(v, s->info[i % 2], 56 + 8);
	}
}

#endif
