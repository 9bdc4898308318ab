/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/sddl.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <inttypes.h>

#define REVISION       1
#define SID_PARTS_MAX  15
#define CONTROL_DACL   0x0004
#define CONTROL_SACL   0x0010
#define CONTROL_OFFSET 2 /* u16; then at 4 the offsets of owner, group, SACL, DACL, u32 each */

struct flag {
	uint16_t bit;
	const char *text;
};

static const struct flag dacl_flags[] = {{0x1000, "P"}, {0x0100, "AR"}, {0x0400, "AI"}, {0, NULL}};
static const struct flag sacl_flags[] = {{0x2000, "P"}, {0x0200, "AR"}, {0x0800, "AI"}, {0, NULL}};
static const struct flag entry_flags[] = {{0x01, "OI"}, {0x02, "CI"}, {0x04, "NP"}, {0x08, "IO"},
        {0x10, "ID"}, {0x40, "SA"}, {0x80, "FA"}, {0, NULL}};

static int put_flags(struct buffer *out, const struct flag *flags, uint16_t set)
{
	int r = 0;

	for (; flags->bit && r == 0; flags++)
		if (set & flags->bit)
			r = buffer_printf(out, "%s", flags->text);
	return r;
}

static int put_sid(struct buffer *out, struct cursor *c)
{
	uint8_t revision = cursor_u8(c), count = cursor_u8(c);
	uint64_t authority = 0;

	for (int i = 0; i < 6; i++)
		authority = authority << 8 | cursor_u8(c);
	if (c->failed || revision != REVISION || count > SID_PARTS_MAX)
		return -EBADMSG;
	int r = buffer_printf(out, "S-1-%" PRIu64, authority);
	for (uint8_t i = 0; i < count && r == 0; i++)
		r = buffer_printf(out, "-%" PRIu32, cursor_le32(c));
	return r == 0 && c->failed ? -EBADMSG : r;
}

static const char *entry_type(uint8_t type)
{
	static const char *const names[] = {
	        [0x00] = "A", [0x01] = "D", [0x02] = "AU", [0x11] = "ML"};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

static int put_entry(struct buffer *out, struct cursor *acl)
{
	const char *type = entry_type(cursor_u8(acl));
	uint8_t flags = cursor_u8(acl);
	uint16_t size = cursor_le16(acl);

	if (acl->failed || size < 4)
		return -EBADMSG;
	if (!type)
		return -ENOTSUP;
	struct cursor c = cursor_sub(acl, size - 4u);
	uint32_t mask = cursor_le32(&c);
	int r = buffer_printf(out, "(%s;", type);
	if (r == 0)
		r = put_flags(out, entry_flags, flags);
	if (r == 0)
		r = buffer_printf(out, ";0x%" PRIx32 ";;;", mask);
	if (r == 0)
		r = put_sid(out, &c);
	return r < 0 ? r : buffer_printf(out, ")");
}

static int put_acl(struct buffer *out, struct cursor c)
{
	uint8_t header[8];

	if (!cursor_copy(&c, header, sizeof(header)))
		return -EBADMSG;
	uint16_t size = get_le16(header + 2), count = get_le16(header + 4);
	if (size < sizeof(header))
		return -EBADMSG;
	struct cursor entries = cursor_sub(&c, size - sizeof(header));
	int r = entries.failed ? -EBADMSG : 0;
	for (uint16_t i = 0; i < count && r == 0; i++)
		r = put_entry(out, &entries);
	return r;
}

/* What lies at the offset that is number i of the header's. */
static struct cursor part(struct cursor c, unsigned i, uint32_t *ret_offset)
{
	struct cursor header = c;

	(void)cursor_skip(&header, 4 + (size_t)4 * i);
	*ret_offset = cursor_le32(&header);
	(void)cursor_skip(&c, *ret_offset);
	return c;
}

static int put_owner(struct buffer *out, struct cursor c, unsigned i, const char *letter)
{
	uint32_t offset;
	struct cursor sid = part(c, i, &offset);

	if (offset == 0)
		return 0;
	int r = buffer_printf(out, "%s:", letter);
	return r < 0 ? r : put_sid(out, &sid);
}

static int put_list(struct buffer *out, struct cursor c, unsigned i, const char *letter,
        const struct flag *flags, uint16_t control)
{
	uint32_t offset;
	struct cursor acl = part(c, i, &offset);

	int r = buffer_printf(out, "%s:", letter);
	if (r == 0)
		r = put_flags(out, flags, control);
	if (r == 0 && offset == 0)
		return buffer_printf(out, "NO_ACCESS_CONTROL"); /* present, but none: all may */
	return r < 0 ? r : put_acl(out, acl);
}

int sddl_append(const void *descriptor, size_t len, struct buffer *out)
{
	struct cursor c = cursor_over(descriptor, len), header = c;
	uint8_t revision = cursor_u8(&header);

	(void)cursor_skip(&header, CONTROL_OFFSET - 1);
	uint16_t control = cursor_le16(&header);
	(void)cursor_skip(&header, 16);
	if (header.failed || revision != REVISION)
		return -EBADMSG;
	int r = put_owner(out, c, 0, "O");
	if (r == 0)
		r = put_owner(out, c, 1, "G");
	if (r == 0 && control & CONTROL_DACL)
		r = put_list(out, c, 3, "D", dacl_flags, control);
	if (r == 0 && control & CONTROL_SACL)
		r = put_list(out, c, 2, "S", sacl_flags, control);
	return r;
}
