/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A test boot: virtual machines without a disk, on a network of their own on this host, started by
 * a second appliance that has the configured boot files and DHCP mode, and nothing else of this
 * one. What it shows is that firmware gets from there to a fixer that reports; the site's own
 * network is neither seen nor touched.
 *
 * Everything runs in namespaces (process, network, mount): whatever ends preflight, the kernel ends
 * the trial and clears away what it made.
 */
#ifndef PREFLIGHT_TRIAL_H
#define PREFLIGHT_TRIAL_H

#include "appliance/config/config.h"

#include <stdbool.h>
#include <stdint.h>

#define TRIAL_MACHINES    2
#define TRIAL_TEXT        200
#define TRIAL_SECONDS     300 /* a machine under emulation, on a slow and busy host */
#define TRIAL_SECONDS_MAX 3600

/* How far a machine came. */
enum trial_stage {
	TRIAL_SILENT,   /* the appliance has not heard of it */
	TRIAL_ASKED,    /* its firmware asked for a boot */
	TRIAL_SCRIPT,   /* its boot program asked what to start */
	TRIAL_FIXER,    /* the fixer has called */
	TRIAL_REPORTED, /* and has told its result, which is that there is no disk */
};

struct trial_machine {
	char name[40]; /* "BIOS", "UEFI with Secure Boot" */
	char mac[18];
	enum trial_stage stage;
	int seconds;             /* from power on to its result, or until it was given up */
	char last[TRIAL_TEXT];   /* the last that was heard of it, "" nothing */
	char screen[TRIAL_TEXT]; /* the last line it wrote to its serial line */
};

struct trial_facts {
	bool wanted, tried;
	bool broken;          /* not tried because the appliance itself does not start */
	char why[TRIAL_TEXT]; /* it could not be tried: what is missing or does not work */
	char fix[TRIAL_TEXT]; /* what to do about that */
	bool uefi_missing;    /* no UEFI firmware for virtual machines on this host */
	size_t count;
	struct trial_machine machines[TRIAL_MACHINES];
};

/*
 * config: resolved. secure: the UEFI machine has Secure Boot on (what it is given first is signed
 * for that). seconds: after that a machine is given up. Tells on standard error what goes on, when
 * tell. Blocks for one to `seconds`.
 */
void trial_run(
        const struct config *config, bool secure, int seconds, bool tell, struct trial_facts *ret);

#endif
