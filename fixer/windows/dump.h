/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Crash dumps of Windows: the stop code, when, and which module it stopped in.
 *
 * Facts from: DUMP_HEADER32/64, TRIAGE_DUMP32/64, DUMP_DRIVER_ENTRY32/64 and DUMP_STRING as
 * Microsoft's debuggers name them; Volatility's page "Crash Address Space" and A. Schuster's "64bit
 * Crash Dumps" for the headers; rizin's dmp_specs.h and kdmp-parser for the page bitmap; two public
 * readers of small dumps that measured Windows 11 22621 and 26100 for the driver list (entries of
 * 0x90 bytes, name lengths in characters). Not seen on a real dump here: any of it, and above all
 * the 32-bit driver list. Therefore a layout that does not prove itself gives no module.
 */
#ifndef WINDOWS_DUMP_H
#define WINDOWS_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DUMP_MODULE 64

enum dump_kind { DUMP_OTHER, DUMP_COMPLETE, DUMP_KERNEL, DUMP_SMALL };
#define DUMP_KIND_LAST DUMP_SMALL

struct dump {
	enum dump_kind kind;
	uint32_t build;           /* of the Windows that stopped: 22631 */
	uint32_t code;            /* stop_code.h */
	uint64_t parameters[4];   /* what they mean depends on the code */
	uint64_t time;            /* FILETIME, UTC; 0: the dump does not say */
	char module[DUMP_MODULE]; /* "csagent.sys", what held the instruction that is blamed, clean
	                             UTF-8; "" when the dump does not tell */
};

/* Where a dump is: read() gives exactly len bytes from inside size, 0 or a negative errno. */
struct dump_source {
	int (*read)(void *context, uint64_t offset, void *buf, size_t len);
	void *context;
	uint64_t size; /* bytes */
};

/*
 * Reads the header and, where the code has the address of an instruction, looks up its module: in
 * the driver list of a small dump, through the page tables of a larger one. However large the dump
 * is, little of it is read. -EBADMSG when it is no dump, or one without a stop code; read()'s
 * errors while reading the header; what comes after that only leaves module empty.
 */
int dump_read(const struct dump_source *source, struct dump *ret);

const char *dump_kind_name(enum dump_kind kind); /* "small", as in JSON. Static. */

#endif
