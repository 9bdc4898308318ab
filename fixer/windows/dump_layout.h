/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where things are in a dump; between dump*.c. Sources: dump.h. */
#ifndef WINDOWS_DUMP_LAYOUT_H
#define WINDOWS_DUMP_LAYOUT_H

#include "fixer/windows/dump.h"

#define DUMP_PAGE 4096

/* Differs between 32 and 64 bits. Offsets are from the start of the file, if nothing else is said.
 */
struct dump_layout {
	char magic[9];
	uint32_t header;     /* bytes; what the kind of dump needs comes right behind */
	uint32_t word;       /* bytes of an address */
	uint32_t code;       /* u32 */
	uint32_t parameters; /* four words */
	uint32_t kind;       /* u32 */
	uint32_t time;       /* u64 */

	uint32_t entry;       /* bytes of an entry of a small dump's driver list */
	uint32_t entry_base;  /* word, in it: address of the module */
	uint32_t entry_image; /* u32, in it: bytes of the module in memory */
};

/* Both: the name of the module that has address in it, or nothing at all. header: layout->header
 * bytes. 0, or a negative errno when the dump does not tell. */
int dump_small_module(const struct dump_source *source, const struct dump_layout *layout,
        uint64_t address, char ret[DUMP_MODULE]);
int dump_memory_module(const struct dump_source *source, const uint8_t *header, uint64_t address,
        char ret[DUMP_MODULE]);

/* Reads what must be inside the dump: -EBADMSG when it is not. */
int dump_read_at(const struct dump_source *source, uint64_t offset, void *buf, size_t len);

/* A module's name of at most units UTF-16 characters, without the directories in front: -EBADMSG
 * when it is none. */
int dump_module_name(const uint8_t *utf16, size_t units, char ret[DUMP_MODULE]);

#endif
