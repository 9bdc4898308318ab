/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Crash dumps as far as a reader of stop codes looks: stand-ins, not what Windows writes. Header,
 * driver list, page tables and module list have the places and forms known from public sources; the
 * rest is "PAGE" as Windows leaves it, or noise.
 */
#ifndef GENERATORS_DUMP_H
#define GENERATORS_DUMP_H

#include "fixer/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum gen_dump_kind {
	GEN_DUMP_SMALL,    /* with a driver list */
	GEN_DUMP_KERNEL,   /* a page bitmap, as since Windows 8 */
	GEN_DUMP_COMPLETE, /* runs of pages in the header */
	GEN_DUMP_SMALL_32, /* as SMALL, of a 32-bit Windows */
};

/* Loaded at base; path in Windows' way. */
struct gen_dump_module {
	const char *path; /* ASCII */
	uint64_t base;
	uint32_t size;
};

#define GEN_DUMP_MODULES 8

/* In larger dumps, addresses in memory: the head of Windows' list of modules, and its first entry.
 */
#define GEN_DUMP_LIST_HEAD   0xfffff8041a42a2d0
#define GEN_DUMP_FIRST_ENTRY 0xffffe0010b5c3f80

struct gen_dump {
	enum gen_dump_kind kind;
	uint32_t build, code;
	uint64_t parameters[4];
	int64_t time;                                     /* seconds since 1970 */
	struct gen_dump_module modules[GEN_DUMP_MODULES]; /* up to the first without path */
	uint32_t entry_extra; /* SMALL: entries of the driver list are so much longer */
	uint32_t pool_gap; /* SMALL: bytes between list and names; fewer than there are modules */
};

/* The crash of July 2024: 0x50 in csagent.sys, at time, on Windows 11 22631. */
struct gen_dump gen_dump_crowdstrike(enum gen_dump_kind kind, int64_t time);

/* Appends the file to out (initialised by the caller). 0 or -errno. */
int gen_dump_make(const struct gen_dump *dump, struct buffer *out);

#endif
