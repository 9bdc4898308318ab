/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records protected by an update sequence: the last two bytes of each 512 hold a number that every
 * write changes, and the array behind the header what belongs there. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/raw.h"

#include <string.h>

/* Where the update sequence is; false when it cannot be one of a record of this length. */
static bool sequence_of(const uint8_t *buf, size_t len, size_t *ret)
{
	size_t at = get_le16(buf + 4), count = get_le16(buf + 6);

	*ret = at;
	return at % 2 == 0 && at >= 8 && count == len / RAW_STRIDE + 1 &&
	       range_within(at, 2 * count, RAW_STRIDE - 2);
}

bool raw_is_whole(const uint8_t *buf, size_t len, const char magic[4])
{
	size_t at;

	if (memcmp(buf, magic, 4) != 0 || !sequence_of(buf, len, &at))
		return false;
	for (size_t end = RAW_STRIDE; end <= len; end += RAW_STRIDE)
		if (memcmp(buf + end - 2, buf + at, 2) != 0)
			return false;
	return true;
}

bool raw_fixup_undo(uint8_t *buf, size_t len, const char magic[4])
{
	size_t at;

	if (!raw_is_whole(buf, len, magic) || !sequence_of(buf, len, &at))
		return false;
	for (size_t i = 1; i <= len / RAW_STRIDE; i++)
		memcpy(buf + i * RAW_STRIDE - 2, buf + at + 2 * i, 2);
	return true;
}

void raw_fixup_apply(uint8_t *buf, size_t len)
{
	size_t at;

	if (!sequence_of(buf, len, &at))
		return;
	/* 0 and 0xffff are never used: they are what empty and never written sectors hold. */
	uint16_t number = (uint16_t)(get_le16(buf + at) + 1);
	if (number == 0 || number == 0xffff)
		number = 1;
	put_le16(buf + at, number);
	for (size_t i = 1; i <= len / RAW_STRIDE; i++) {
		memcpy(buf + at + 2 * i, buf + i * RAW_STRIDE - 2, 2);
		put_le16(buf + i * RAW_STRIDE - 2, number);
	}
}

int raw_record_read(struct raw_volume *v, const struct raw_runs *runs, uint64_t offset,
        const char magic[4], uint8_t *buf, size_t len, struct error *err)
{
	int r = raw_read(v, runs, offset, buf, len, err);

	if (r == 0 && !raw_fixup_undo(buf, len, magic))
		return raw_damaged(
		        err, "the %.4s record at %ju is torn or none", magic, (uintmax_t)offset);
	return r;
}
