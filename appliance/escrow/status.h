/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_STATUS_H
#define ESCROW_STATUS_H

#include "appliance/escrow/escrow.h"

/* The answer to "status" (../README.md); NULL without memory. Waits for nobody. */
json_t *status_answer(struct escrow *e, json_int_t id);

/* "auto", "pairing", "two-person" */
const char *status_approval(enum approval approval);

/* Fields of the record "start"; NULL without memory. */
json_t *status_start(struct escrow *e);

#endif
