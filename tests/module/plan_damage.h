/* SPDX-License-Identifier: GPL-3.0-or-later */
/* States that a volume can be left in, made by writing to its image. */
#ifndef TESTS_PLAN_DAMAGE_H
#define TESTS_PLAN_DAMAGE_H

#include "fixer/base/bytes.h"
#include "tests/module/plan_fixture.h"

/* Where a metafile's record is, by the boot sector: in $MFT or in its mirror. */
static inline uint64_t damage_record_at(int fd, unsigned number, bool mirror)
{
	uint8_t boot[512];

	assert_int_equal(gen_pread(fd, boot, sizeof(boot), 0), 0);
	uint64_t cluster = (uint64_t)get_le16(boot + 11) * boot[13];
	return get_le64(boot + (mirror ? 56 : 48)) * cluster + number * 1024ULL;
}

/* Flips bits of the flags of $Volume: $VOLUME_INFORMATION (0x70) of record 3, byte 10 of its
 * value. */
static inline void damage_flags(const char *image, bool mirror, uint8_t bits)
{
	uint8_t record[1024];
	int fd = open(image, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	uint64_t at = damage_record_at(fd, 3, mirror);
	assert_int_equal(gen_pread(fd, record, sizeof(record), at), 0);
	size_t a = get_le16(record + 20);
	while (get_le32(record + a) != 0x70) {
		assert_true(a < 900 && get_le32(record + a + 4) > 0);
		a += get_le32(record + a + 4);
	}
	record[a + get_le16(record + a + 20) + 10] ^= bits;
	assert_int_equal(gen_pwrite(fd, record, sizeof(record), at), 0);
	assert_int_equal(close(fd), 0);
}

/* The volume asks for chkdsk. */
static inline void damage_dirty(const char *image)
{
	damage_flags(image, false, 1);
	damage_flags(image, true, 1);
}

/* The mirror is behind: an older flag of $Volume in it, no matter which. */
static inline void damage_mirror(const char *image)
{
	damage_flags(image, true, 0x40);
}

#endif
