/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who asks for a key, as far as `netmend web` knows. All of it is a claim: the only thing a machine
 * proves is that it holds a disk whose blob a key in escrow opens. */
#ifndef ESCROW_SUBJECT_H
#define ESCROW_SUBJECT_H

#include "netmend/limits.h"

#include <stdint.h>

/* How many people have to say so: none, one, two. */
enum approval { APPROVAL_AUTO, APPROVAL_PAIRING, APPROVAL_TWO_PERSON };

#define SUBJECT_CAMPAIGN 64
#define SUBJECT_CONTACT  8

struct subject {
	int64_t machine; /* its number in the fleet; 0: none */
	char name[NM_MAX_NAME], uuid[NM_MAX_NAME], serial[NM_MAX_NAME]; /* clean (text_clean) */
	char mac[32], ip[48]; /* ip: as the connection had it, "" when there was none */
	/* Its campaign in the fleet, "" for none, and what that asks for: it adds to the policy and
	 * takes nothing from it. */
	char campaign[SUBJECT_CAMPAIGN];
	enum approval approval;
	/* How it came when nobody vouches for that ("media", "unseen"), else "". */
	char contact[SUBJECT_CONTACT];
};

#endif
