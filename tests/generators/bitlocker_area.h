/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GENERATORS_BITLOCKER_AREA_H
#define GENERATORS_BITLOCKER_AREA_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of a volume. */
struct fve_area {
	uint64_t start, size;
};

static inline bool fve_within(const struct fve_area *area, uint64_t at)
{
	return at >= area->start && at - area->start < area->size;
}

#endif
