/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sign of life during steps that tell nothing for a while. A process of its own with its own
 * link: it goes on while a plan is computed, and it is forked before any key exists, so it never
 * holds one. (A thread would hold OpenSSL's locks at the moment the planning children are forked.)
 */
#ifndef LINK_HEARTBEAT_H
#define LINK_HEARTBEAT_H

#include "fixer/base/error.h"

#include <stdint.h>

struct heartbeat;

/* Forks; silent until heartbeat_state(). Call before making a link, and before any secret. */
int heartbeat_start(
        const char *url, const uint8_t pin[32], struct heartbeat **ret, struct error *err);

/* From now on `state` (of wire.h) is told every interval seconds, first after that time: calling
 * this with each event that is sent starts the count anew. NULL: silence. A failure is logged: no
 * repair stops for it. */
void heartbeat_state(
        struct heartbeat *h, const char *session, unsigned interval, const char *state);

void heartbeat_stop(struct heartbeat *h); /* NULL is fine */

#endif
