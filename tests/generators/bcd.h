/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot configuration data as Windows keeps it: a boot manager, a loader that starts by itself, and
 * another that does not and is set to safe mode. */
#ifndef GENERATORS_BCD_H
#define GENERATORS_BCD_H

#include "fixer/base/buffer.h"

#include <stdbool.h>

#define GEN_BCD_MANAGER "Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}"
#define GEN_BCD_LOADER  "{6c9d2f1e-45d7-11ef-9a3b-52540012ab01}"
#define GEN_BCD_DEFAULT "Objects\\" GEN_BCD_LOADER

#define GEN_BCD_UNSET UINT64_MAX

/* safe_boot: the element's integer, GEN_BCD_UNSET: it is not there. Appended to out; 0 or -errno.
 */
int gen_bcd_make(uint64_t safe_boot, struct buffer *out);

/* "none", "minimal", "network" or "dsrepair" as such a number. False: no such word. */
bool gen_bcd_by_name(const char *name, uint64_t *ret);

#endif
