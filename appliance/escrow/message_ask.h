/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_MESSAGE_ASK_H
#define ESCROW_MESSAGE_ASK_H

#include "appliance/escrow/message.h"

/* The whole message "release", and the machine in any message. -EBADMSG, -ENOMEM. */
int ask_parse(json_t *j, struct ask **ret, struct error *err);
int subject_parse(json_t *j, struct subject *ret, struct error *err);

#endif
