/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypt-on-write maps that can't be true. */
#include "fixer/bitlocker/eow.h"
#include "tests/unit/fve_damage.h"

enum target { INFO, BITMAP, RECORD };

struct damage {
	const char *what;
	enum target target;
	size_t offset, width;
	uint64_t value;
};

static void put(uint8_t *p, size_t width, uint64_t value)
{
	for (size_t i = 0; i < width; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/* The CRC where the structure's own idea of its length is possible. */
static void put_and_seal(uint8_t *p, const struct damage *d)
{
	static const size_t field[] = {[INFO] = 36, [BITMAP] = 56, [RECORD] = 32};

	put(p + d->offset, d->width, d->value);
	size_t len = d->target == INFO     ? get_le16(p + 10)
	             : d->target == BITMAP ? 0x200
	                                   : get_le32(p + 12);
	if (len > field[d->target] + 4 && len <= UINT16_MAX)
		fve_crc(p, len, field[d->target]);
}

static void inflict(struct fve_volume *v, const struct damage *d)
{
	uint8_t *bitmap = v->bytes + v->spec.region[0].bitmap;

	if (d->target == BITMAP)
		put_and_seal(bitmap, d);
	for (size_t i = 0; i < 2 && d->target != BITMAP; i++)
		put_and_seal(
		        d->target == INFO ? v->bytes + v->spec.info[i] : bitmap + 0x200 * (i + 1),
		        d);
}

/* The CRC is right each time, so that only the value itself can be found out. */
static void what_contradicts_itself_is_damaged(void **state)
{
	(void)state;
	static const struct damage damages[] = {
	        {"information signature", INFO, 0, 1, 'f'},
	        {"information header size", INFO, 8, 2, 57},
	        {"information without room for its bitmaps", INFO, 10, 2, 72},
	        {"information shorter than its header", INFO, 10, 2, 55},
	        {"no region", INFO, 32, 4, 0},
	        {"fewer regions than bitmaps", INFO, 32, 4, 2},
	        {"more regions than bitmaps", INFO, 32, 4, 4},
	        {"more room than bitmaps", INFO, 10, 2, 56 + 4 * 8},
	        {"any number of regions", INFO, 32, 4, UINT32_MAX},
	        {"no chunk", INFO, 20, 4, 0},
	        {"part of a sector as chunk", INFO, 20, 4, 16384 + 100},
	        {"more chunks than bits", INFO, 20, 4, 512},
	        {"information of another place", INFO, 40, 8, 353 * KIB},
	        {"log over the header", INFO, 24, 4, 300 * KIB},
	        {"endless log", INFO, 24, 4, UINT32_MAX},
	        {"bitmap at nothing", INFO, 56, 8, 600 * KIB},
	        {"bitmap beyond the end", INFO, 56, 8, 2048 * KIB},
	        {"bitmap beyond everything", INFO, 56, 8, UINT64_MAX - 8},
	        {"the same bitmap twice", INFO, 56, 8, 448 * KIB},
	        {"bitmap signature", BITMAP, 8, 1, 'N'},
	        {"bitmap header size", BITMAP, 10, 2, 61},
	        {"bitmap larger than allowed", BITMAP, 12, 4, EOW_MAX_BITMAP + 512},
	        {"bitmap without room for its records", BITMAP, 12, 4, 0x5ff},
	        {"region within a sector", BITMAP, 20, 8, 8 * KIB + 1},
	        {"gap before a region", BITMAP, 20, 8, 9 * KIB},
	        {"region beyond everything", BITMAP, 20, 8, UINT64_MAX - 511},
	        {"region without length", BITMAP, 28, 8, 0},
	        {"gap after a region", BITMAP, 28, 8, 624 * KIB},
	        {"overlap of regions", BITMAP, 28, 8, 632 * KIB + 512},
	        {"endless region", BITMAP, 28, 8, UINT64_MAX - 511},
	        {"log over the header", BITMAP, 36, 8, 636 * KIB},
	        {"log over a metadata copy", BITMAP, 36, 8, 256 * KIB},
	        {"log over the boot sectors", BITMAP, 36, 8, 4 * KIB},
	        {"log over a bitmap", BITMAP, 36, 8, 440 * KIB},
	        {"log beyond everything", BITMAP, 36, 8, UINT64_MAX},
	        {"record in the bitmap's header", BITMAP, 44, 4, 59},
	        {"record behind the bitmap", BITMAP, 44, 4, 0x401},
	        {"record far behind", BITMAP, 48, 4, UINT32_MAX},
	        {"records smaller than their header", BITMAP, 52, 4, 35},
	        {"records larger than the bitmap", BITMAP, 52, 4, 0x201},
	        {"record signature", RECORD, 8, 1, 'M'},
	        {"record header size", RECORD, 10, 2, 35},
	        {"record without bits", RECORD, 12, 4, 36},
	        {"record shorter than its header", RECORD, 12, 4, 35},
	        {"fewer bits than chunks", RECORD, 16, 4, 39},
	        {"more bits than the record holds", RECORD, 16, 4, 41},
	        {"records of the same age that differ", RECORD, 20, 8, 6},
	};
	const struct fve_spec spec = fve_usual_eow(512);
	struct fve_volume v;

	srandom(8);
	fve_make(&v, &spec);
	uint8_t *saved = malloc(spec.size);
	assert_non_null(saved);
	memcpy(saved, v.bytes, spec.size);
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		inflict(&v, &damages[i]);
		expect_damaged(&v, damages[i].what);
		memcpy(v.bytes, saved, spec.size);
	}
	free(saved);
	fve_drop(&v);
}

/* Random bytes with a right CRC: no crash, no endless loop, and if it opens, it reads. */
static void hostile_maps_do_no_harm(void **state)
{
	(void)state;
	const struct fve_spec spec = fve_usual_eow(512);
	struct fve_volume v;
	static uint8_t buf[100000];
	size_t opened = 0;

	srandom(13);
	fve_make(&v, &spec);
	uint8_t *saved = malloc(spec.size);
	assert_non_null(saved);
	memcpy(saved, v.bytes, spec.size);
	for (int seed = 0; seed < 1200; seed++) {
		struct fve_opened o;
		for (int k = random() % 3; k >= 0; k--) {
			const enum target target = (enum target)(random() % 3);
			const struct damage d = {.target = target,
			        .offset = (size_t)random() % (target == INFO ? 80 : 60),
			        .width = 1 + (size_t)random() % 4,
			        .value = (uint64_t)random() % (random() % 2 ? 256 : UINT32_MAX)};
			inflict(&v, &d);
		}
		if (fve_open(&v, &o, NULL) == 0) {
			opened++;
			for (uint64_t at = 0; at < o.volume->size; at += sizeof(buf)) {
				uint64_t left = o.volume->size - at;
				assert_int_equal(block_read(o.volume, at, buf,
				                         left < sizeof(buf) ? left : sizeof(buf)),
				        0);
			}
		}
		fve_close(&o);
		memcpy(v.bytes, saved, spec.size);
	}
	assert_true(opened > 30 && opened < 1150);
	free(saved);
	fve_drop(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_contradicts_itself_is_damaged),
	        cmocka_unit_test(hostile_maps_do_no_harm),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
