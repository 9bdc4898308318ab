/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this host's packet filter does with a packet for us, as far as its rules tell: no I/O. */
#ifndef PREFLIGHT_RULESET_H
#define PREFLIGHT_RULESET_H

#include <jansson.h>
#include <stdbool.h>

/* The first packet of a machine (or, established, one of an exchange that is under way). */
struct packet {
	const char *interface; /* it comes in there */
	bool tcp, established;
	int port; /* of ours */
};

/* UNSURE: a rule we cannot judge might decide otherwise than the rest does. */
enum ruling { RULING_ACCEPT, RULING_DROP, RULING_UNSURE };

#define RULING_TEXT 64

struct ruling_place {
	char family[RULING_TEXT], table[RULING_TEXT], chain[RULING_TEXT]; /* cleaned; "" */
	bool policy; /* no rule: what the chain does with the rest */
};

/* rules: the JSON of `nft -j list ruleset` (libnftables-json(5)), whatever it holds. ret_place:
 * where it is dropped, or may be. */
enum ruling ruleset_judge(
        const json_t *rules, const struct packet *packet, struct ruling_place *ret_place);

#endif
