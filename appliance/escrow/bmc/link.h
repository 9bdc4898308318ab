/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking netmend-power: one connection with many questions on their way, made again when it is
 * lost. A question that is taken is answered exactly once, by netmend-power or for it: POWER_BUSY
 * where it went away or did not answer in time, for then nobody knows what became of it. Safe
 * between threads.
 */
#ifndef ESCROW_BMC_LINK_H
#define ESCROW_BMC_LINK_H

#include "appliance/escrow/bmc/answer.h"

struct bmc_link;

/* Called by the link's thread, or by bmc_link_stop(); may take its time: others wait meanwhile. */
typedef void bmc_link_fn(void *context, void *item, struct bmc_answer *answer);

/* path: of its socket, borrowed. Starts a thread. NULL without memory. */
struct bmc_link *bmc_link_new(const char *path, bmc_link_fn *answered, void *context);
/* Answers whatever waits, and takes no more. NULL is fine. */
void bmc_link_stop(struct bmc_link *l);
void bmc_link_free(struct bmc_link *l); /* nobody may be inside */

/*
 * question: all but v and id, consumed; console: which kind of answer; seconds: it may take. Waits
 * for a connection until three seconds after it was lost (both processes may just be starting). 0;
 * -ENOTCONN: it does not run; -ENOMEM; -EAGAIN: its socket is full. item is the caller's still
 * after an error.
 */
int bmc_link_ask(struct bmc_link *l, json_t *question, bool console, unsigned seconds, void *item);

bool bmc_link_connected(struct bmc_link *l);

#endif
