/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many orders that switch something web may give: in all, and for one machine. For a web that
 * was taken over; a campaign stays far below. Not safe between threads. */
#ifndef ESCROW_BMC_LIMIT_H
#define ESCROW_BMC_LIMIT_H

#include "netmend/reason.h"

#include <stdint.h>

struct bmc_limit;

struct bmc_limit *bmc_limit_new(void); /* NULL without memory */
void bmc_limit_free(struct bmc_limit *l);

/* Counts an order for this record. OK; POWER_BUSY: too many of all, it is to come again;
 * POWER_REFUSED: too many for this one. now: milliseconds of a clock nobody sets back. */
enum reason bmc_limit_take(struct bmc_limit *l, int64_t record, int64_t now);

#endif
