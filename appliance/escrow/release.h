/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_RELEASE_H
#define ESCROW_RELEASE_H

#include "appliance/escrow/search.h"

/* Whether something can be sealed to this X25519 key at all. */
bool release_key_usable(const uint8_t key[32]);

/*
 * The last steps for found keys: counted by the policy, recorded and fsynced, sealed to the
 * session's key. request: who approved, all zero when nobody had to. REASON_OK with the list of
 * "volumes" (../README.md) in *ret; otherwise nothing was released and text says why.
 */
enum reason release_findings(struct escrow *e, const struct ask *ask, const struct search *s,
        const struct request *request, json_t **ret, char *text, size_t size);

#endif
