/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads for what people order: judging a passphrase takes a quarter of a second, a record has to
 * be on disk, and no machine that asks may wait for that, nor people for machines. */
#ifndef ESCROW_ERRAND_H
#define ESCROW_ERRAND_H

#include "appliance/escrow/client.h"
#include "appliance/escrow/escrow.h"

struct errands;

/* NULL without memory or threads. */
struct errands *errands_new(struct escrow *e);
/* Finishes what is under way and reports of misuse, drops the rest. */
void errands_free(struct errands *s);

/* Takes m and answers it when it is done; root's come first. TRY_LATER at once when too many
 * wait. */
void errands_submit(struct errands *s, struct client *client, struct message *m);

#endif
