/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/dump.h"
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"
#include "fixer/windows/dump_layout.h"
#include "fixer/windows/stop_code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX 0x2000
#define BUILD      0x0c
#define UNUSED_FIELD                                                                 \
	0x45474150 /* "PAGE": what Windows fills a header with before it sets fields \
	            */

/* Times outside are no clock's: 2000 and 2100, FILETIME. */
#define TIME_FIRST 125911584000000000
#define TIME_LAST  157469184000000000

/* DumpType of the header; 5 to 7 since Windows 8, 8 to 10 as a debugger writes them. */
enum {
	TYPE_COMPLETE = 1,
	TYPE_KERNEL,
	TYPE_HEADER, /* nothing behind it */
	TYPE_SMALL,
	TYPE_BITMAP_COMPLETE,
	TYPE_BITMAP_KERNEL,
	TYPE_AUTOMATIC,
	TYPE_DEBUGGER_KERNEL,
	TYPE_DEBUGGER_ACTIVE,
	TYPE_DEBUGGER_COMPLETE,
};

static const struct dump_layout layouts[] = {
        {.magic = "PAGEDU64",
                .header = 0x2000,
                .word = 8,
                .code = 0x38,
                .parameters = 0x40,
                .kind = 0xf98,
                .time = 0xfa8,
                .entry = 0x90,
                .entry_base = 0x38,
                .entry_image = 0x48},
        {.magic = "PAGEDUMP",
                .header = 0x1000,
                .word = 4,
                .code = 0x28,
                .parameters = 0x2c,
                .kind = 0xf88,
                .time = 0xfc0,
                .entry = 0x4c,
                .entry_base = 0x1c,
                .entry_image = 0x24},
};

const char *dump_kind_name(enum dump_kind kind)
{
	static const char *const names[] = {[DUMP_OTHER] = "other",
	        [DUMP_COMPLETE] = "complete",
	        [DUMP_KERNEL] = "kernel",
	        [DUMP_SMALL] = "small"};

	return names[kind];
}

int dump_read_at(const struct dump_source *source, uint64_t offset, void *buf, size_t len)
{
	if (!range_within(offset, len, source->size))
		return -EBADMSG;
	return source->read(source->context, offset, buf, len);
}

int dump_module_name(const uint8_t *utf16, size_t units, char ret[DUMP_MODULE])
{
	size_t start = 0, end = 0;

	while (end < units && get_le16(utf16 + 2 * end) != 0) {
		if (get_le16(utf16 + 2 * end) == '\\')
			start = end + 1;
		end++;
	}
	char *name = utf16_to_utf8(utf16 + 2 * start, end - start);
	if (!name)
		return -ENOMEM;
	bool some = name[0] != 0;
	if (some)
		text_clean(ret, DUMP_MODULE, name);
	free(name);
	return some ? 0 : -EBADMSG;
}

static const struct dump_layout *layout_of(const uint8_t *header)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (memcmp(header, layouts[i].magic, 8) == 0)
			return &layouts[i];
	return NULL;
}

static enum dump_kind kind_of(uint32_t type)
{
	switch (type) {
	case TYPE_COMPLETE:
	case TYPE_BITMAP_COMPLETE:
	case TYPE_DEBUGGER_COMPLETE:
		return DUMP_COMPLETE;
	case TYPE_KERNEL:
	case TYPE_BITMAP_KERNEL:
	case TYPE_AUTOMATIC:
	case TYPE_DEBUGGER_KERNEL:
	case TYPE_DEBUGGER_ACTIVE:
		return DUMP_KERNEL;
	case TYPE_SMALL:
		return DUMP_SMALL;
	default: /* TYPE_HEADER too */
		return DUMP_OTHER;
	}
}

static void parse_header(const uint8_t *header, const struct dump_layout *l, struct dump *d)
{
	uint64_t time = get_le64(header + l->time);

	d->kind = kind_of(get_le32(header + l->kind));
	d->build = get_le32(header + BUILD);
	d->code = get_le32(header + l->code);
	for (size_t i = 0; i < 4; i++) {
		const uint8_t *p = header + l->parameters + i * l->word;
		d->parameters[i] = l->word == 8 ? get_le64(p) : get_le32(p);
	}
	if (time >= TIME_FIRST && time < TIME_LAST)
		d->time = time;
}

/* What follows is worth a name, not a failure. */
static void find_module(const struct dump_source *source, const struct dump_layout *l,
        const uint8_t *header, struct dump *d)
{
	uint64_t address = stop_code_address(d->code, d->parameters);

	if (address == 0)
		return;
	if (d->kind == DUMP_SMALL)
		(void)dump_small_module(source, l, address, d->module);
	else if (d->kind != DUMP_OTHER && l->word == 8)
		(void)dump_memory_module(source, header, address, d->module);
}

int dump_read(const struct dump_source *source, struct dump *ret)
{
	uint8_t header[HEADER_MAX];
	struct dump d = {0};

	int r = dump_read_at(source, 0, header, 8);
	const struct dump_layout *l = r == 0 ? layout_of(header) : NULL;
	if (r == 0 && !l)
		r = -EBADMSG;
	if (r == 0)
		r = dump_read_at(source, 0, header, l->header);
	if (r < 0)
		return r;
	parse_header(header, l, &d);
	if (d.code == 0 || d.code == UNUSED_FIELD)
		return -EBADMSG;
	find_module(source, l, header, &d);
	*ret = d;
	return 0;
}
