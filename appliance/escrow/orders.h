/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_ORDERS_H
#define ESCROW_ORDERS_H

#include "appliance/escrow/escrow.h"

/* Does what the message says and gives the answer (NULL: none, or no memory). May take a while.
 * Everything but status, release and requests; who may ask has been checked. */
json_t *orders_carry_out(struct escrow *e, struct message *m);

/* Its parts: decide and enter, by box or by root. */
json_t *orders_decide(struct escrow *e, struct message *m);
json_t *orders_enter(struct escrow *e, struct message *m);
/* Keys from the status page. */
json_t *orders_keys(struct escrow *e, struct message *m);

#endif
