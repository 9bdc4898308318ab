/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/dump.h"
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"

#include <stdlib.h>
#include <string.h>

#define PAGE       4096
#define MEMORY_MAX 64 /* pages of a larger dump */

/* The list's head is in the kernel's image, in a page of 2 MiB, the rest in pool, where the first
 * entry crosses a page's end. */
#define LIST_HEAD  GEN_DUMP_LIST_HEAD
#define POOL       GEN_DUMP_FIRST_ENTRY
#define NAMES      0xffffb687aa201000
#define LARGE_PAGE 0x12400 /* frame number */
#define FIRST_PAGE 0x1a3   /* frame number of all others */

struct gen_dump gen_dump_crowdstrike(enum gen_dump_kind kind, int64_t time)
{
	struct gen_dump d = {.kind = kind,
	        .build = 22631,
	        .code = 0x50,
	        .parameters = {0xffff840500000074, 0, 0xfffff80445a314ed, 2},
	        .time = time,
	        .modules = {
	                {"\\SystemRoot\\system32\\ntoskrnl.exe", 0xfffff80419800000, 0x1047000},
	                {"\\SystemRoot\\system32\\hal.dll", 0xfffff8041a900000, 0x6000},
	                {"\\SystemRoot\\System32\\drivers\\CLFS.SYS", 0xfffff80445800000, 0x6a000},
	                {"\\SystemRoot\\System32\\drivers\\CrowdStrike\\csagent.sys",
	                        0xfffff80445950000, 0x5ed000},
	                {"\\SystemRoot\\System32\\drivers\\tcpip.sys", 0xfffff80446000000,
	                        0x333000},
	        }};

	for (size_t i = 0; kind == GEN_DUMP_SMALL_32 && d.modules[i].path; i++)
		d.modules[i].base &= 0xffffffff;
	for (size_t i = 0; kind == GEN_DUMP_SMALL_32 && i < 4; i++)
		d.parameters[i] &= 0xffffffff;
	return d;
}

static uint32_t count_modules(const struct gen_dump *d)
{
	uint32_t n = 0;

	while (n < GEN_DUMP_MODULES && d->modules[n].path)
		n++;
	return n;
}

static void fill_page(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t) "PAGE"[i % 4];
}

/* ASCII to UTF-16LE. */
static void put_wide(uint8_t *to, const char *text)
{
	for (size_t i = 0; text[i]; i++)
		put_le16(to + 2 * i, (uint8_t)text[i]);
}

static void put_header_32(uint8_t *h, const struct gen_dump *d)
{
	fill_page(h, 0x1000);
	memcpy(h, "PAGEDUMP", 8);
	put_le32(h + 0x08, 15);
	put_le32(h + 0x0c, d->build);
	put_le32(h + 0x20, 0x14c);
	put_le32(h + 0x28, d->code);
	for (size_t i = 0; i < 4; i++)
		put_le32(h + 0x2c + 4 * i, (uint32_t)d->parameters[i]);
	put_le32(h + 0xf88, 4);
	put_le64(h + 0xfc0, filetime_from_ns(d->time * 1000000000));
}

static void put_header_64(uint8_t *h, const struct gen_dump *d)
{
	static const uint32_t types[] = {
	        [GEN_DUMP_SMALL] = 4, [GEN_DUMP_KERNEL] = 6, [GEN_DUMP_COMPLETE] = 1};

	fill_page(h, 0x2000);
	memcpy(h, "PAGEDU64", 8);
	put_le32(h + 0x08, 15);
	put_le32(h + 0x0c, d->build);
	put_le64(h + 0x20, LIST_HEAD);
	put_le32(h + 0x30, 0x8664);
	put_le32(h + 0x34, 8);
	put_le32(h + 0x38, d->code);
	for (size_t i = 0; i < 4; i++)
		put_le64(h + 0x40 + 8 * i, d->parameters[i]);
	put_le32(h + 0xf98, types[d->kind]);
	put_le64(h + 0xfa8, filetime_from_ns(d->time * 1000000000));
}

/* --- small dumps ----------------------------------------------------------------------------- */

struct small_form {
	uint32_t header, entry, base, image, word;
};

static void put_triage(uint8_t *t, uint32_t list, uint32_t count, uint32_t pool, uint32_t size)
{
	put_le32(t + 0x04, size);
	put_le32(t + 0x08, size - 4);
	put_le32(t + 0x30, list);
	put_le32(t + 0x34, count);
	put_le32(t + 0x38, pool);
	put_le32(t + 0x3c, size - 4 - pool);
}

static int make_small(const struct gen_dump *d, struct buffer *out)
{
	const struct small_form form = d->kind == GEN_DUMP_SMALL_32
	                                       ? (struct small_form){0x1000, 0x4c, 0x1c, 0x24, 4}
	                                       : (struct small_form){0x2000, 0x90, 0x38, 0x48, 8};
	uint32_t entry = form.entry + d->entry_extra, count = count_modules(d);
	uint32_t list = form.header + 0x400, pool = list + count * entry + d->pool_gap, at = pool;
	static uint8_t file[64 * 1024];

	memset(file, 0, sizeof(file));
	if (d->kind == GEN_DUMP_SMALL_32)
		put_header_32(file, d);
	else
		put_header_64(file, d);
	for (uint32_t i = 0; i < count; i++) {
		const struct gen_dump_module *m = &d->modules[i];
		uint8_t *e = file + list + i * entry;
		put_le32(e, at);
		if (form.word == 8)
			put_le64(e + form.base, m->base);
		else
			put_le32(e + form.base, (uint32_t)m->base);
		put_le32(e + form.image, m->size);
		put_le32(file + at, (uint32_t)strlen(m->path));
		put_wide(file + at + 4, m->path);
		at += (uint32_t)(4 + 2 * strlen(m->path) + 2 + 7) / 8 * 8;
	}
	memcpy(file + at, "TRGD", 4);
	put_triage(file + form.header, list, count, pool, at + 4);
	return buffer_append(out, file, at + 4);
}

/* --- larger dumps ---------------------------------------------------------------------------- */

/* The pages of a machine's memory that are in the dump; frame numbers in rising order but for the
 * large one, which is last. */
struct memory {
	size_t count;
	uint64_t frames[MEMORY_MAX];
	uint8_t pages[MEMORY_MAX][PAGE];
};

static size_t new_page(struct memory *m)
{
	m->frames[m->count] = FIRST_PAGE + m->count;
	return m->count++;
}

/* The page of memory at address, mapped when it is new. */
static uint8_t *page_at(struct memory *m, uint64_t address)
{
	size_t page = 0;

	for (unsigned shift = 39; shift >= 12; shift -= 9) {
		uint8_t *entry = m->pages[page] + (address >> shift & 511) * 8;
		if (get_le64(entry) == 0)
			put_le64(entry, m->frames[new_page(m)] << 12 | 0x63);
		page = (get_le64(entry) >> 12) - FIRST_PAGE;
	}
	return m->pages[page];
}

static void put_virtual(struct memory *m, uint64_t address, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		page_at(m, address + i)[(address + i) % PAGE] = data[i];
}

static void put_module(struct memory *m, const struct gen_dump *d, uint32_t i, uint64_t next)
{
	const struct gen_dump_module *module = &d->modules[i];
	const char *name = strrchr(module->path, '\\') + 1;
	uint8_t entry[0xa0] = {0}, wide[128] = {0};
	uint64_t text = NAMES + 128 * i;

	put_wide(wide, name);
	put_virtual(m, text, wide, sizeof(wide));
	put_le64(entry, next);
	put_le64(entry + 0x30, module->base);
	put_le32(entry + 0x40, module->size);
	put_le16(entry + 0x58, (uint16_t)(2 * strlen(name)));
	put_le16(entry + 0x5a, sizeof(wide));
	put_le64(entry + 0x60, text);
	put_virtual(m, POOL + 0x100 * i, entry, sizeof(entry));
}

/* The list's head, in the large page: of its 512 frames only this one is in the dump. */
static void put_head(struct memory *m)
{
	uint64_t large = LARGE_PAGE, inside = LIST_HEAD >> 12 & 511;

	(void)page_at(m, LIST_HEAD); /* makes the tables above; the lowest is not used */
	size_t page = 0;
	for (unsigned shift = 39; shift > 21; shift -= 9)
		page = (get_le64(m->pages[page] + (LIST_HEAD >> shift & 511) * 8) >> 12) -
		       FIRST_PAGE;
	put_le64(m->pages[page] + (LIST_HEAD >> 21 & 511) * 8, large << 12 | 0xe3);
	m->frames[m->count] = large + inside;
	put_le64(m->pages[m->count] + LIST_HEAD % PAGE, POOL);
	m->count++;
}

static void make_memory(struct memory *m, const struct gen_dump *d)
{
	uint32_t count = count_modules(d);

	(void)new_page(m); /* the top table */
	for (uint32_t i = 0; i < count; i++)
		put_module(m, d, i, i + 1 < count ? POOL + 0x100 * (i + 1) : LIST_HEAD);
	put_head(m);
}

static int put_pages(const struct memory *m, struct buffer *out)
{
	return buffer_append(out, m->pages, m->count * PAGE);
}

static int put_bitmap(const struct memory *m, struct buffer *out)
{
	static uint8_t map[0x4000];

	memset(map, 0, sizeof(map));
	memcpy(map, "SDMPDUMP", 8);
	put_le64(map + 0x20, 0x2000 + sizeof(map));
	put_le64(map + 0x28, m->count);
	put_le64(map + 0x30, LARGE_PAGE + 4096);
	for (size_t i = 0; i < m->count; i++)
		map[0x38 + m->frames[i] / 8] |= (uint8_t)(1 << m->frames[i] % 8);
	int r = buffer_append(out, map, sizeof(map));
	return r < 0 ? r : put_pages(m, out);
}

static void put_runs(const struct memory *m, uint8_t *header)
{
	memset(header + 0x88, 0, 700);
	put_le32(header + 0x88, 2);
	put_le64(header + 0x90, m->count);
	put_le64(header + 0x98, FIRST_PAGE);
	put_le64(header + 0xa0, m->count - 1);
	put_le64(header + 0xa8, m->frames[m->count - 1]);
	put_le64(header + 0xb0, 1);
}

static int make_large(const struct gen_dump *d, struct buffer *out)
{
	static uint8_t header[0x2000];
	static struct memory m;

	m = (struct memory){0};
	make_memory(&m, d);
	put_header_64(header, d);
	put_le64(header + 0x10, (uint64_t)FIRST_PAGE << 12 | 2); /* with a PCID */
	if (d->kind == GEN_DUMP_COMPLETE)
		put_runs(&m, header);
	int r = buffer_append(out, header, sizeof(header));
	if (r < 0)
		return r;
	return d->kind == GEN_DUMP_COMPLETE ? put_pages(&m, out) : put_bitmap(&m, out);
}

int gen_dump_make(const struct gen_dump *d, struct buffer *out)
{
	bool large = d->kind == GEN_DUMP_KERNEL || d->kind == GEN_DUMP_COMPLETE;

	return large ? make_large(d, out) : make_small(d, out);
}
