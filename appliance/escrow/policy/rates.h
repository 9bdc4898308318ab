/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Releases of the last hour, in order: how many of them within any 60 seconds, per subnet within 60
 * seconds, per machine within the hour. Exact: a release counts for 60,000 ms (3,600,000 ms), at
 * the last of them no more. Times are steady (steady.h) and never go back from call to call.
 */
#ifndef ESCROW_POLICY_RATES_H
#define ESCROW_POLICY_RATES_H

#include "appliance/escrow/policy/policy.h"
#include "appliance/escrow/policy/table.h"

#define RATES_MINUTE INT64_C(60000)
#define RATES_HOUR   INT64_C(3600000)

struct rates;

/* NULL without memory. */
struct rates *rates_new(void);
void rates_free(struct rates *r);

/* What is over by now is forgotten. Before every other call. */
void rates_pass(struct rates *r, int64_t now);

struct rates_count {
	uint32_t campaign, subnet; /* within the minute */
	uint32_t machine;          /* within the hour */
	bool full;                 /* one more of this machine could not be remembered */
};
void rates_count(
        const struct rates *r, const char *machine, const char *subnet, struct rates_count *ret);

/* -ENOSPC, -ENOMEM: not counted. at: what rates_remove() finds it by. */
int rates_add(struct rates *r, const char *machine, const char *subnet, int64_t at, int64_t now);

/* The newest of this machine and at. False: none. */
bool rates_remove(struct rates *r, const char *machine, int64_t at);

/* ms until fewer than limit count (at least 1); exactly one of machine and subnet, or neither for
 * the campaign, is not NULL. */
int64_t rates_wait(const struct rates *r, const char *machine, const char *subnet, uint32_t limit,
        int64_t now);

#endif
