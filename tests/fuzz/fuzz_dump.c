/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The input is a crash dump. First byte 0 to 3: a good one of that kind, cut at the length in the
 * next three bytes and damaged in places the rest names (offset in three bytes, count, bytes), so
 * that small inputs reach far into large files. Otherwise the rest is the file.
 */
#include "fixer/base/bytes.h"
#include "fixer/windows/dump.h"
#include "tests/fuzz/fuzz.h"
#include "tests/generators/dump.h"

#define KINDS     4
#define FILE_MAX  (512 * 1024)
#define READS_MAX 200000 /* of any dump, however it lies about itself */

struct file {
	const uint8_t *bytes;
	size_t len;
	unsigned reads;
};

static int read_file(void *context, uint64_t offset, void *buf, size_t len)
{
	struct file *f = context;

	must(range_within(offset, len, f->len) && ++f->reads < READS_MAX);
	memcpy(buf, f->bytes + offset, len);
	return 0;
}

static void try_file(const uint8_t *bytes, size_t len)
{
	struct file f = {bytes, len, 0};
	const struct dump_source source = {read_file, &f, len};
	struct dump d;

	if (dump_read(&source, &d) < 0)
		return;
	must(d.kind <= DUMP_KIND_LAST && d.code != 0);
	must(is_clean(d.module, sizeof(d.module)));
}

static uint32_t le24(struct cursor *c)
{
	uint32_t low = cursor_le16(c);

	return low | (uint32_t)cursor_u8(c) << 16;
}

static void damage(struct cursor *c, struct buffer *file)
{
	uint32_t cut = le24(c);

	if (cut < file->len)
		file->len = cut;
	while (c->left > 4 && file->len > 0) {
		size_t at = le24(c) % file->len, count = cursor_u8(c);
		if (count > c->left)
			count = c->left;
		if (count > file->len - at)
			count = file->len - at;
		(void)cursor_copy(c, file->data + at, count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data, size);
	uint8_t kind = cursor_u8(&c);
	struct buffer file;

	if (c.failed)
		return 0;
	if (kind >= KINDS) {
		try_file(c.at, c.left);
		return 0;
	}
	const struct gen_dump d = gen_dump_crowdstrike((enum gen_dump_kind)kind, 1721365331);
	buffer_init(&file, FILE_MAX);
	must(gen_dump_make(&d, &file) == 0);
	damage(&c, &file);
	try_file(file.data, file.len);
	buffer_free(&file);
	return 0;
}
