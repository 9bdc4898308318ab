/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which machine may have its key now: scope, window, totals and rates. No I/O and no clock of its
 * own; `now` is milliseconds since 1970 everywhere. Not safe between threads: the caller holds one
 * lock over policy, anomaly and approvals.
 *
 * A clock that is set back opens nothing: a window that was seen closed stays closed, and for the
 * rates no time passes (steady.h). Memory is bounded: POLICY_RELEASES_MAX releases within the hour
 * are remembered, of POLICY_MACHINES_MAX machines (and of as many subnets within the minute); over
 * that nothing more is released (RATE_CAMPAIGN) until the oldest are over.
 *
 * What a machine is known by (number, address, UUID, serial, MAC) is what `netmend web` says it is.
 * Scope and the rates per machine and subnet hold against machines; total and per_minute hold
 * against a `netmend web` that lies, too.
 */
#ifndef ESCROW_POLICY_POLICY_H
#define ESCROW_POLICY_POLICY_H

#include "appliance/escrow/subject.h"
#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define POLICY_SUBNETS_MAX  64
#define POLICY_RELEASES_MAX 262144
#define POLICY_MACHINES_MAX 65536

struct policy_subnet {
	uint32_t address, mask; /* host byte order */
};

/* One line of the inventory: what is empty is not asked; a machine is covered when one non-empty
 * field of one line is its own. Any spelling (spelling.h); vendors' placeholders match nobody. */
struct policy_item {
	char uuid[40], serial[64], mac[18];
};

struct policy_rules {
	char campaign[64]; /* its name in the audit record */
	enum approval approval;
	int64_t from, until; /* ms since 1970; 0: open */
	uint32_t total; /* releases of the whole campaign (a machine again counts again); 0: any */
	uint32_t per_minute, subnet_minute; /* releases within any 60 s; 0: any */
	unsigned subnet_prefix;             /* what one subnet is for the rate; 24 */
	uint32_t machine_hour;              /* releases to one machine within any hour; 0: any */
	/* Of the circuit breaker (anomaly.h has what they are for an address); 0: any, never. */
	uint32_t machine_keys;       /* different protectors a machine may ask for in an hour */
	uint32_t machine_mismatches; /* its blobs that no key opens, in an hour */
	uint32_t suspects; /* suspects at so many addresses within 10 minutes stop all release */
	uint32_t request_minutes;  /* a request nobody approves ends after that */
	uint32_t approval_minutes; /* an approval not used ends after that */
	/* With subnets and an inventory a machine is covered by either; with neither, each is. */
	size_t subnet_count;
	struct policy_subnet subnets[POLICY_SUBNETS_MAX];
	bool has_inventory;
	size_t item_count;
	struct policy_item *items; /* malloc()ed, owned by whoever made the rules */
};

struct policy;

/* rules are borrowed and must stay. NULL without memory. */
struct policy *policy_new(const struct policy_rules *rules);
void policy_free(struct policy *p);

/* Whether the machine is covered at all: REASON_OK, or CAMPAIGN_SCOPE, CAMPAIGN_WINDOW,
 * CAMPAIGN_TOTAL, RATE_MACHINE, RATE_SUBNET, RATE_CAMPAIGN with a sentence for people in text.
 * Asked before any work is done for it; counts nothing. */
enum reason policy_covers(
        struct policy *p, const struct subject *s, int64_t now, char *text, size_t size);

/* The same, and the release is counted: called right before its audit record. */
enum reason policy_take(
        struct policy *p, const struct subject *s, int64_t now, char *text, size_t size);

/* The record could not be written: as if it had never been taken. at: the now it was taken with. */
void policy_give_back(struct policy *p, const struct subject *s, int64_t at);

/* At the start, for each release of this campaign in the audit record, in its order. */
void policy_remember(struct policy *p, const struct subject *s, int64_t at);

struct policy_figures {
	uint64_t released; /* of this campaign */
	uint32_t last_minute;
};
void policy_figures(struct policy *p, int64_t now, struct policy_figures *ret);

#endif
