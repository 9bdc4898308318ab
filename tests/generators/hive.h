/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry hives with real keys and values in them, made with libhivex. */
#ifndef GENERATORS_HIVE_H
#define GENERATORS_HIVE_H

#include "fixer/base/buffer.h"

#include <stdint.h>

struct gen_hive_value {
	const char *key; /* "Microsoft\Windows NT"; made when it is not there */
	const char *name;
	/* ASCII, at most 255 bytes: a REG_SZ; a REG_EXPAND_SZ when it has a '%'; a REG_BINARY of
	 * the bytes behind "hex:"; NULL: a REG_DWORD of number. */
	const char *text;
	uint32_t number;
};

/*
 * Appends the hive to out (initialised by the caller). when: seconds since 1970, of every key.
 * free_space: bytes left unused in it, so that it has the size of a grown one; their content is
 * what fill (free_space bytes, NULL: zeros) says. 0 or -errno. The same arguments give the same
 * bytes.
 */
int gen_hive_make(const struct gen_hive_value *values, size_t count, int64_t when,
        const uint8_t *fill, size_t free_space, struct buffer *out);

/* Sets file name and sequence numbers in the base block of a hive, and its checksum. A hive whose
 * two numbers differ was in use when the machine stopped. */
void gen_hive_stamp(uint8_t *hive, const char *name, uint32_t sequence_1, uint32_t sequence_2);

#endif
