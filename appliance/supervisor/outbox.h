/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What web has not yet read. A floor that powers on makes thousands of messages while web has its
 * hands full with the same machines; the socket holds some hundred. They wait here, in their order.
 */
#ifndef SUPERVISOR_OUTBOX_H
#define SUPERVISOR_OUTBOX_H

#include "appliance/supervisor/control.h"

#include <stdbool.h>
#include <stddef.h>

#define OUTBOX_MAX  16384              /* messages; 4 MB */
#define OUTBOX_DHCP (OUTBOX_MAX - 256) /* beyond that, news of DHCP is lost; the rest is kept */

/* Zero it to begin with. */
struct outbox {
	struct control_message *ring;
	size_t room, first, count;
	size_t lost; /* since the caller last set it to 0 */
};

/* Sends m after all that waits, or keeps it until outbox_go_on(). 0, also when it was lost (it is
 * counted then); -errno of a socket that takes nothing any more. */
int outbox_send(struct outbox *o, int fd, const struct control_message *m);

/* Sends what waits, as far as fd takes it without waiting. 0 or -errno likewise. */
int outbox_go_on(struct outbox *o, int fd);

bool outbox_waiting(const struct outbox *o);

/* Forgets what waits and gives the memory back: who it was for is gone. */
void outbox_clear(struct outbox *o);

#endif
