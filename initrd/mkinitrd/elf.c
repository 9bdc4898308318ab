/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/mkinitrd/elf.h"
#include "fixer/base/bytes.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

struct elf {
	const uint8_t *data;
	size_t len;
	Elf64_Ehdr header;
};

static int read_at(const struct elf *elf, uint64_t at, void *ret, size_t size)
{
	if (!range_within(at, size, elf->len))
		return -EBADMSG;
	memcpy(ret, elf->data + at, size);
	return 0;
}

static int read_segment(const struct elf *elf, unsigned i, Elf64_Phdr *ret)
{
	uint64_t within = (uint64_t)i * sizeof(*ret);

	if (elf->header.e_phoff > elf->len)
		return -EBADMSG;
	return read_at(elf, elf->header.e_phoff + within, ret, sizeof(*ret));
}

/* The text that begins there, when it ends inside the file. */
static const char *text_at(const struct elf *elf, uint64_t at)
{
	if (at >= elf->len || !memchr(elf->data + at, 0, elf->len - at))
		return NULL;
	return (const char *)elf->data + at;
}

/* From an address in memory to a place in the file. */
static int find_address(const struct elf *elf, uint64_t address, uint64_t *ret)
{
	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		Elf64_Phdr segment;
		int r = read_segment(elf, i, &segment);
		if (r < 0)
			return r;
		if (segment.p_type != PT_LOAD || address < segment.p_vaddr ||
		        address - segment.p_vaddr >= segment.p_filesz)
			continue;
		if (__builtin_add_overflow(segment.p_offset, address - segment.p_vaddr, ret))
			return -EBADMSG;
		return 0;
	}
	return -EBADMSG;
}

/* The value of the first entry with that tag at or after *position (counted in entries), which goes
 * behind it. -ENOENT when there is no other. */
static int next_entry(const struct elf *elf, const Elf64_Phdr *dynamic, uint64_t tag,
        uint64_t *position, uint64_t *ret)
{
	for (; *position < dynamic->p_filesz / sizeof(Elf64_Dyn); (*position)++) {
		Elf64_Dyn entry;
		uint64_t at = *position * sizeof(entry);
		if (__builtin_add_overflow(dynamic->p_offset, at, &at) ||
		        read_at(elf, at, &entry, sizeof(entry)) < 0)
			return -EBADMSG;
		if (entry.d_tag == DT_NULL)
			return -ENOENT;
		if ((uint64_t)entry.d_tag == tag) {
			(*position)++;
			*ret = entry.d_un.d_val;
			return 0;
		}
	}
	return -ENOENT;
}

static int read_libraries(const struct elf *elf, const Elf64_Phdr *dynamic, struct elf_needs *ret)
{
	uint64_t first = 0, position = 0, table, name;
	int r = next_entry(elf, dynamic, DT_STRTAB, &first, &table);

	if (r < 0 || find_address(elf, table, &table) < 0)
		return -EBADMSG;
	while ((r = next_entry(elf, dynamic, DT_NEEDED, &position, &name)) == 0) {
		if (ret->library_count == ELF_LIBRARIES_MAX)
			return -E2BIG;
		const char *text = name < elf->len ? text_at(elf, table + name) : NULL;
		if (!text)
			return -EBADMSG;
		ret->libraries[ret->library_count++] = text;
	}
	return r == -ENOENT ? 0 : r;
}

int elf_read_needs(const uint8_t *data, size_t len, struct elf_needs *ret)
{
	struct elf elf = {.data = data, .len = len};
	struct elf_needs needs = {0};
	int r = read_at(&elf, 0, &elf.header, sizeof(elf.header));

	if (r < 0 || memcmp(elf.header.e_ident, ELFMAG, SELFMAG) != 0 ||
	        elf.header.e_ident[EI_CLASS] != ELFCLASS64 ||
	        elf.header.e_ident[EI_DATA] != ELFDATA2LSB ||
	        elf.header.e_phentsize != sizeof(Elf64_Phdr))
		return -ENOEXEC;
	for (unsigned i = 0; i < elf.header.e_phnum; i++) {
		Elf64_Phdr segment;
		r = read_segment(&elf, i, &segment);
		if (r == 0 && segment.p_type == PT_INTERP &&
		        !(needs.loader = text_at(&elf, segment.p_offset)))
			r = -EBADMSG;
		if (r == 0 && segment.p_type == PT_DYNAMIC)
			r = read_libraries(&elf, &segment, &needs);
		if (r < 0)
			return r;
	}
	*ret = needs;
	return 0;
}
