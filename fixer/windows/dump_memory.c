/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Modules in a dump of memory: Windows' list of loaded modules, found through the page tables as
 * the processor goes through them (x86-64, four levels). Which pages are in the file is told by a
 * bitmap behind the header, or, in complete dumps of the older form, by runs in it.
 */
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/windows/dump_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In the header. */
#define MACHINE       0x30 /* u32 */
#define DIRECTORY     0x10 /* u64: physical address of the top page table */
#define MODULE_LIST   0x20 /* u64: address of the list's head */
#define RUN_COUNT     0x88 /* u32 */
#define RUNS          0x98 /* first page, count of pages: u64 each */
#define RUNS_MAX      43
#define MACHINE_AMD64 0x8664
#define TYPE          0xf98 /* u32 */
#define TYPE_RUNS     1

/* The bitmap, right behind the header: "SDMP" or "FDMP", "DUMP", then: */
#define BITMAP_START      0x2000
#define BITMAP_FIRST_PAGE 0x20 /* u64: offset of the first page in the file */
#define BITMAP_PAGES      0x30 /* u64: bits in the map */
#define BITMAP_HEADER     0x38
#define BITMAP_MAX        (16u * 1024 * 1024) /* bytes: of 512 GiB of memory */
#define GROUP             512                 /* bytes of it that are counted at once */

/* KLDR_DATA_TABLE_ENTRY, of which only the start is needed. */
#define ENTRY_BASE     0x30 /* u64 */
#define ENTRY_IMAGE    0x40 /* u32 */
#define ENTRY_NAME_LEN 0x58 /* u16: bytes of BaseDllName */
#define ENTRY_NAME     0x60 /* u64: address of its characters */
#define ENTRY_SIZE     0x68
#define MODULES_MAX    2048
#define NAME_MAX_BYTES 520

#define PAGE_PRESENT 1
#define PAGE_LARGE   0x80
#define FRAME        0x000ffffffffff000

struct memory {
	const struct dump_source *source;
	uint64_t directory;

	/* The bitmap; NULL: runs. */
	uint8_t *bitmap;
	uint64_t *before; /* bits set before each group */
	uint64_t pages, first_page;

	size_t run_count;
	struct {
		uint64_t page, count;
	} runs[RUNS_MAX];
};

/* --- which pages are where ------------------------------------------------------------------- */

static unsigned bits_in(const uint8_t *p, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		n += (unsigned)__builtin_popcount(p[i]);
	return n;
}

static int open_bitmap(struct memory *m, const uint8_t head[BITMAP_HEADER])
{
	m->first_page = get_le64(head + BITMAP_FIRST_PAGE);
	m->pages = get_le64(head + BITMAP_PAGES);
	if (m->pages == 0 || m->pages > (uint64_t)BITMAP_MAX * 8)
		return -EBADMSG;
	size_t len = (size_t)(m->pages / 8), groups = len / GROUP + 1;
	m->bitmap = malloc(len + 1);
	m->before = calloc(groups, sizeof(*m->before));
	if (!m->bitmap || !m->before)
		return -ENOMEM;
	m->bitmap[len] = 0; /* the pages of a last, part byte are left out */
	int r = dump_read_at(m->source, BITMAP_START + BITMAP_HEADER, m->bitmap, len);
	for (size_t g = 1; r == 0 && g < groups; g++)
		m->before[g] = m->before[g - 1] + bits_in(m->bitmap + (g - 1) * GROUP, GROUP);
	return r;
}

static int open_runs(struct memory *m, const uint8_t *header)
{
	m->run_count = get_le32(header + RUN_COUNT);
	if (m->run_count == 0 || m->run_count > RUNS_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < m->run_count; i++) {
		m->runs[i].page = get_le64(header + RUNS + 16 * i);
		m->runs[i].count = get_le64(header + RUNS + 16 * i + 8);
	}
	m->first_page = BITMAP_START;
	return 0;
}

static int open_memory(struct memory *m, const uint8_t *header)
{
	uint8_t head[BITMAP_HEADER];

	if (get_le32(header + MACHINE) != MACHINE_AMD64)
		return -ENOTSUP;
	int r = dump_read_at(m->source, BITMAP_START, head, sizeof(head));
	if (r < 0)
		return r;
	m->directory = get_le64(header + DIRECTORY) & FRAME;
	if (memcmp(head, "SDMPDUMP", 8) == 0 || memcmp(head, "FDMPDUMP", 8) == 0)
		return open_bitmap(m, head);
	return get_le32(header + TYPE) == TYPE_RUNS ? open_runs(m, header) : -ENOTSUP;
}

/* How many pages the file has before this one; -ENOENT when it does not have this one. */
static int page_index(const struct memory *m, uint64_t page, uint64_t *ret)
{
	uint64_t index = 0;

	for (size_t i = 0; !m->bitmap && i < m->run_count; i++) {
		if (page >= m->runs[i].page && page - m->runs[i].page < m->runs[i].count) {
			*ret = index + (page - m->runs[i].page);
			return 0;
		}
		if (m->runs[i].count > m->source->size / DUMP_PAGE)
			return -EBADMSG;
		index += m->runs[i].count;
	}
	if (!m->bitmap || page >= m->pages || !(m->bitmap[page / 8] >> page % 8 & 1))
		return -ENOENT;
	size_t byte = (size_t)(page / 8), group = byte / GROUP;
	unsigned below = m->bitmap[byte] & ((1u << page % 8) - 1);
	*ret = m->before[group] + bits_in(m->bitmap + group * GROUP, byte - group * GROUP) +
	       (unsigned)__builtin_popcount(below);
	return 0;
}

/* Inside one page. */
static int read_physical(const struct memory *m, uint64_t address, void *buf, size_t len)
{
	uint64_t index;
	int r = page_index(m, address / DUMP_PAGE, &index);

	if (r < 0)
		return r;
	if (index > m->source->size / DUMP_PAGE || m->first_page > m->source->size)
		return -EBADMSG;
	return dump_read_at(
	        m->source, m->first_page + index * DUMP_PAGE + address % DUMP_PAGE, buf, len);
}

/* --- addresses ------------------------------------------------------------------------------- */

static int translate(const struct memory *m, uint64_t address, uint64_t *ret)
{
	uint64_t table = m->directory;

	for (unsigned shift = 39; shift >= 12; shift -= 9) {
		uint8_t bytes[8];
		int r = read_physical(m, table + (address >> shift & 511) * 8, bytes, 8);
		if (r < 0)
			return r;
		uint64_t entry = get_le64(bytes);
		if (!(entry & PAGE_PRESENT))
			return -ENOENT;
		table = entry & FRAME;
		if (shift == 12 || (shift < 39 && entry & PAGE_LARGE)) {
			uint64_t inside = ((uint64_t)1 << shift) - 1;
			*ret = (table & ~inside) | (address & inside);
			return 0;
		}
	}
	return -ENOENT;
}

static int read_virtual(const struct memory *m, uint64_t address, void *buf, size_t len)
{
	uint8_t *to = buf;
	uint64_t physical;

	while (len > 0) {
		size_t left = DUMP_PAGE - (size_t)(address % DUMP_PAGE),
		       n = len < left ? len : left;
		int r = translate(m, address, &physical);
		if (r == 0)
			r = read_physical(m, physical, to, n);
		if (r < 0)
			return r;
		address += n;
		to += n;
		len -= n;
	}
	return 0;
}

/* --- modules --------------------------------------------------------------------------------- */

static int read_name(const struct memory *m, const uint8_t *entry, char ret[DUMP_MODULE])
{
	uint8_t name[NAME_MAX_BYTES];
	size_t len = get_le16(entry + ENTRY_NAME_LEN);

	if (len == 0 || len > sizeof(name) || len % 2 != 0)
		return -EBADMSG;
	int r = read_virtual(m, get_le64(entry + ENTRY_NAME), name, len);
	return r < 0 ? r : dump_module_name(name, len / 2, ret);
}

static int find_in_list(
        const struct memory *m, uint64_t head, uint64_t address, char ret[DUMP_MODULE])
{
	uint8_t entry[ENTRY_SIZE], next[8];

	int r = read_virtual(m, head, next, sizeof(next));
	for (unsigned i = 0; r == 0 && i < MODULES_MAX && get_le64(next) != head; i++) {
		r = read_virtual(m, get_le64(next), entry, sizeof(entry));
		if (r < 0)
			return r;
		uint64_t base = get_le64(entry + ENTRY_BASE);
		if (address >= base && address - base < get_le32(entry + ENTRY_IMAGE))
			return read_name(m, entry, ret);
		memcpy(next, entry, sizeof(next));
	}
	return r < 0 ? r : -ENOENT;
}

int dump_memory_module(const struct dump_source *source, const uint8_t *header, uint64_t address,
        char ret[DUMP_MODULE])
{
	struct memory m = {.source = source};

	int r = open_memory(&m, header);
	if (r == 0)
		r = find_in_list(&m, get_le64(header + MODULE_LIST), address, ret);
	free(m.bitmap);
	free(m.before);
	return r;
}
