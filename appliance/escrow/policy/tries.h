/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Failed tries of the last minute, by name and by address. Bounded: TRIES_MAX are remembered; when
 * so many happened within one minute, nobody may try from an unknown address until the oldest is
 * over.
 */
#ifndef ESCROW_POLICY_TRIES_H
#define ESCROW_POLICY_TRIES_H

#include "appliance/escrow/policy/approvals.h"

#define TRIES_MAX    1024
#define TRIES_KNOWN  256 /* addresses somebody was right from; the longest unused gives way */
#define TRIES_WINDOW INT64_C(60000)

struct tries_pair {
	char name[APPROVER_NAME], from[48];
};

struct tries {
	struct {
		struct tries_pair who;
		bool known;   /* from an address of his, which has tries of its own */
		int64_t time; /* steady */
	} failed[TRIES_MAX];
	size_t count; /* ever; the newest is at (count - 1) % TRIES_MAX */
	struct {
		struct tries_pair who;
		int64_t used;
	} known[TRIES_KNOWN];
};

/* Whether he was right from there before; "" is root on the appliance. */
bool tries_known(const struct tries *t, const char *name, const char *from);

/* Whether one more may be made. */
bool tries_allowed(const struct tries *t, const char *name, const char *from, int64_t time);

void tries_failed(struct tries *t, const char *name, const char *from, int64_t time);

/* This address is one of his from now on. */
void tries_succeeded(struct tries *t, const char *name, const char *from, int64_t time);

#endif
