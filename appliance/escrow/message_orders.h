/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_MESSAGE_ORDERS_H
#define ESCROW_MESSAGE_ORDERS_H

#include "appliance/escrow/message.h"

/* The fields of a decision as they stand in JSON, borrowed. */
struct decision_fields {
	const char *approver, *passphrase, *decision, *why;
	json_t *requests;
};

/* ret is zeroed before; on failure the caller clears it. -EBADMSG, -ENOMEM. */
int decision_parse(const struct decision_fields *f, struct decision *ret, struct error *err);

#endif
