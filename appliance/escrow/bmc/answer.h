/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What netmend-power says (../../power/README.md), strict and bounded: it talks to strangers'
 * controllers and may have been taken over. Nothing of it is believed but what it is: a report.
 */
#ifndef ESCROW_BMC_ANSWER_H
#define ESCROW_BMC_ANSWER_H

#include "appliance/escrow/vault/bmc.h"

#include <jansson.h>

struct bmc_answer {
	enum reason reason; /* OK, or a POWER_*; INTERNAL for any other */
	char text[320];     /* clean */
	char type[VAULT_BMC_TYPE];
	char pin[VAULT_BMC_PIN]; /* of the certificate it showed; "" */
	json_t *more; /* what web is told besides: power, boot, bmc and steps, or the screen */
};
void bmc_answer_drop(struct bmc_answer *a);

/* console: of the order that asks for the screen. 0, -EBADMSG, -ENOMEM; ret needs a clear only
 * after 0. */
int bmc_answer_parse(json_t *j, bool console, struct bmc_answer *ret);

#endif
