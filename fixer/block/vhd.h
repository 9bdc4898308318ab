/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The footer of a VHD: Microsoft, "Virtual Hard Disk Image Format Specification" 1.0 (2006). */
#ifndef BLOCK_VHD_H
#define BLOCK_VHD_H

#include <stdbool.h>
#include <stdint.h>

#define VHD_FOOTER 512 /* bytes: the last of the file, and the first of a dynamic one */

enum vhd_type { VHD_FIXED = 2, VHD_DYNAMIC = 3, VHD_DIFFERENCING = 4 };

struct vhd_footer {
	uint32_t type; /* enum vhd_type, or something unknown */
	uint64_t size; /* bytes of the disk the machine sees ("current size") */
	bool saved;    /* its machine sleeps and expects the disk as it left it */
};

/* False when these bytes are no footer, or its checksum is wrong. */
bool vhd_footer_parse(const uint8_t bytes[VHD_FOOTER], struct vhd_footer *ret);

#endif
