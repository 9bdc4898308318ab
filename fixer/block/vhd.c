/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/block/vhd.h"
#include "fixer/base/bytes.h"

#include <string.h>

#define AT_SIZE     48
#define AT_TYPE     60
#define AT_CHECKSUM 64
#define AT_SAVED    84

/* The ones' complement of the sum of all bytes but its own. */
static uint32_t checksum(const uint8_t *bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < VHD_FOOTER; i++)
		if (i < AT_CHECKSUM || i >= AT_CHECKSUM + 4)
			sum += bytes[i];
	return ~sum;
}

bool vhd_footer_parse(const uint8_t bytes[VHD_FOOTER], struct vhd_footer *ret)
{
	if (memcmp(bytes, "conectix", 8) != 0 || get_be32(bytes + AT_CHECKSUM) != checksum(bytes))
		return false;
	*ret = (struct vhd_footer){.type = get_be32(bytes + AT_TYPE),
	        .size = get_be64(bytes + AT_SIZE),
	        .saved = bytes[AT_SAVED] != 0};
	return true;
}
