/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_POLICY_SPAN_H
#define ESCROW_POLICY_SPAN_H

#include <stdint.h>

#define SPAN_TEXT 32

/* "3 hours", for people: at least that long, so that nothing is promised too early. */
void span_text(int64_t ms, char ret[SPAN_TEXT]);

#endif
