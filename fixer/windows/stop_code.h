/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stop codes of Windows. Facts from Microsoft's "Bug Check Code Reference". */
#ifndef WINDOWS_STOP_CODE_H
#define WINDOWS_STOP_CODE_H

#include <stdint.h>

/* "PAGE_FAULT_IN_NONPAGED_AREA"; "" for a code not in the table. Static. */
const char *stop_code_name(uint32_t code);

/* The parameter that is the address of the instruction blamed; 0 when this code has none, or the
 * parameter is 0. */
uint64_t stop_code_address(uint32_t code, const uint64_t parameters[4]);

#endif
