/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_RELEASE_H
#define ESCROW_RELEASE_H

#include "appliance/escrow/audit.h"
#include "appliance/escrow/message.h"
#include "appliance/escrow/stretched.h"
#include "appliance/escrow/vault.h"

struct release; /* what a release needs; shared by the pool's threads */

/* All three stay the caller's and must outlive the release. NULL without memory. */
struct release *release_new(
        struct vault *vault, struct audit *audit, struct stretched_cache *cache);
void release_free(struct release *r);

/*
 * Decides a release request (design section 6, points 1 to 3 and 5): every candidate is tried on
 * the machine's own blob; what opens it is written to the audit record, then the VMK, never the
 * password, is sealed to the fixer's key. The answer is JSON to send; never NULL but without
 * memory.
 */
json_t *release_decide(struct release *r, const struct message *m);

#endif
