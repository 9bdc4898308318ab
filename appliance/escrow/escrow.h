/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything `netmend-escrow serve` is made of; each part says itself what it is. */
#ifndef ESCROW_ESCROW_H
#define ESCROW_ESCROW_H

#include "appliance/escrow/box.h"
#include "appliance/escrow/gate.h"
#include "appliance/escrow/policy/approvers.h"
#include "appliance/escrow/refusals.h"
#include "appliance/escrow/sources.h"
#include "appliance/escrow/stretcher.h"

struct bmc_desk;
struct cases;
struct snapshot;
struct upload;

struct escrow {
	struct settings settings;
	const char *state;
	struct vault *vault;
	struct audit *audit;
	struct approvers *approvers;
	struct box_key *box;
	struct gate *gate;
	struct refusals *refusals;
	struct entered *entered;
	struct fetch_client *fetch; /* NULL: no source needs it */
	struct sources *sources;
	struct stretcher *stretcher;
	struct cases *cases;
	struct snapshot *snapshot;
	struct upload *upload;
	struct bmc_desk *desk;
};

#endif
