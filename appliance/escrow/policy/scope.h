/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is covered by subnets and inventory of the rules. */
#ifndef ESCROW_POLICY_SCOPE_H
#define ESCROW_POLICY_SCOPE_H

#include "appliance/escrow/policy/policy.h"

struct scope;

/* rules are borrowed and must stay. NULL without memory. */
struct scope *scope_new(const struct policy_rules *rules);
void scope_free(struct scope *s);

/* Otherwise why not, for people, in text. */
bool scope_covers(const struct scope *s, const struct subject *subject, char *text, size_t size);

/* IPv4 text to host byte order. False: no IPv4 address. */
bool scope_address(const char *text, uint32_t *ret);

#endif
