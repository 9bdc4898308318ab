/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a program needs to be started: its dynamic loader and libraries, as its own header says. */
#ifndef MKINITRD_ELF_H
#define MKINITRD_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_LIBRARIES_MAX 32

struct elf_needs {
	const char *loader;                       /* path; NULL: none, a library or static */
	const char *libraries[ELF_LIBRARIES_MAX]; /* names without a path */
	unsigned library_count;
};

/* data: a whole 64-bit little-endian ELF file (System V ABI, chapters 4 and 5); what is given
 * points into it. 0, -ENOEXEC when it is something else, -EBADMSG when it leads outside itself,
 * -E2BIG. */
int elf_read_needs(const uint8_t *data, size_t len, struct elf_needs *ret);

#endif
