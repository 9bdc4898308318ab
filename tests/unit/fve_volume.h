/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small BitLocker volumes in memory, written by the description of the format alone: nothing of
 * fixer/bitlocker is used but the names of values. What the volume must read as is kept beside it.
 */
#ifndef TESTS_FVE_VOLUME_H
#define TESTS_FVE_VOLUME_H

#include "tests/unit/fve_structures.h"

/* --- the volume ------------------------------------------------------------------------------ */

static inline void fve_put_data(struct fve_volume *v)
{
	const struct fve_spec *s = &v->spec;
	uint64_t header = fve_header_len(s);

	for (uint64_t at = 0; at + s->sector <= s->size; at += s->sector) {
		bool moved = at < header;
		uint64_t physical = moved ? s->header + at : at;
		if (fve_is_converting(s, physical) || (!moved && v->kind[at / s->sector] == 'r')) {
			memset(v->view + at, 0, s->sector);
			continue;
		}
		memcpy(v->bytes + physical, v->view + at, s->sector);
		if (fve_sector_is_encrypted(v, physical))
			fve_encrypt_sector(v, physical, v->bytes + physical);
	}
}

/* random() for each byte would take longer than everything else. */
static inline void fve_fill(uint8_t *bytes, uint64_t len)
{
	uint64_t x = (uint64_t)random() | 1;

	for (uint64_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = (uint8_t)x;
	}
}

/* Of plain, which has spec->size bytes; what BitLocker takes of it is lost. Freed with fve_drop().
 */
static inline void fve_make_of(
        struct fve_volume *v, const struct fve_spec *spec, const uint8_t *plain)
{
	*v = (struct fve_volume){.spec = *spec,
	        .bytes = malloc(spec->size),
	        .view = malloc(spec->size),
	        .kind = malloc(spec->size / spec->sector)};
	assert_true(v->bytes && v->view && v->kind);
	memcpy(v->view, plain, spec->size);
	fve_fill(v->bytes, spec->size);
	fve_fill(v->vmk, sizeof(v->vmk));
	fve_fill(v->fvek, sizeof(v->fvek));
	for (size_t i = 0; i < FVE_REGIONS * FVE_BITS; i++)
		v->bit[i / FVE_BITS][i % FVE_BITS] = random() % 3 == 0;
	fve_mark(v);
	fve_put_data(v);
	fve_put_sector0(v);
	for (size_t i = 0; i < 3; i++)
		if (range_within(spec->metadata[i], FVE_AREA, spec->size))
			fve_put_copy(v, v->bytes + spec->metadata[i]);
	if (spec->chunk)
		fve_put_eow(v);
	v->memory = memory_device_over(v->bytes, spec->size, 512);
}

/* Of random bytes. */
static inline void fve_make(struct fve_volume *v, const struct fve_spec *spec)
{
	uint8_t *plain = malloc(spec->size);

	assert_non_null(plain);
	fve_fill(plain, spec->size);
	fve_make_of(v, spec, plain);
	free(plain);
}

static inline void fve_drop(struct fve_volume *v)
{
	free(v->bytes);
	free(v->view);
	free(v->kind);
}

/* --- what tests ask of it -------------------------------------------------------------------- */

struct fve_opened {
	struct bitlocker *b;
	struct block_device *volume;
};

static inline void fve_close(struct fve_opened *o)
{
	block_close(o->volume);
	bitlocker_free(o->b);
	*o = (struct fve_opened){0};
}

/* Parses and opens with the right key. */
static inline int fve_open(struct fve_volume *v, struct fve_opened *o, struct error *err)
{
	*o = (struct fve_opened){0};
	int r = bitlocker_parse(&v->memory.dev, &o->b, err);
	if (r < 0)
		return r;
	CLEANUP_SECRET struct secret *vmk = secret_copy(v->vmk, sizeof(v->vmk));
	return bitlocker_open(&v->memory.dev, o->b, vmk, &o->volume, err);
}

/* The whole volume, and random pieces of it, read as they must. */
static inline void fve_check_view(const struct fve_volume *v, struct block_device *volume)
{
	uint64_t size = v->spec.size / v->spec.sector * v->spec.sector;
	uint8_t *buf = malloc(size);

	assert_non_null(buf);
	assert_int_equal(volume->size, size);
	assert_int_equal(block_read(volume, 0, buf, size), 0);
	bool same = memcmp(buf, v->view, size) == 0;
	for (uint64_t i = 0; !same; i++)
		if (buf[i] != v->view[i])
			fail_msg("byte %#llx is %02x, not %02x", (unsigned long long)i, buf[i],
			        v->view[i]);
	for (size_t i = 0; i < 200; i++) {
		uint64_t at = (uint64_t)random() % size, left = size - at;
		size_t len = 1 + (size_t)random() % (left < 70000 ? left : 70000);
		assert_int_equal(block_read(volume, at, buf, len), 0);
		assert_memory_equal(buf, v->view + at, len);
	}
	free(buf);
}

#endif
