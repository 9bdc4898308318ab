/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One order to one machine's BMC, from login to logout. The order of steps is the one that works on
 * machines in a crash loop: off, set the one-time boot, read it back, on.
 */
#ifndef POWER_DRIVE_H
#define POWER_DRIVE_H

#include "appliance/power/power.h"

enum power_order {
	POWER_ORDER_STATUS, /* power and boot override as they are */
	POWER_ORDER_CHECK,  /* the same, and who it is; nothing is changed */
	POWER_ORDER_BOOT,   /* start from the network, once */
	POWER_ORDER_MEDIA,  /* insert image, start from it, once */
	POWER_ORDER_EJECT,  /* take media and override away; power stays as it is */
	POWER_ORDER_ON,
	POWER_ORDER_OFF,
	POWER_ORDER_CYCLE,
};

/* "status", "check", ...; NULL or -EINVAL for what is none. */
const char *power_order_name(enum power_order order);
int power_order_parse(const char *name, enum power_order *ret);

struct power_job {
	enum power_order order;
	const char *
	        type; /* of power_kind(), or "auto": Redfish, then IPMI, then AMT, as they answer */
	struct power_target target;
	/* The machine this is believed to be: "" where it is not known. A BMC that says another
	 * UUID (as the byte order of either reading), or where neither has a UUID another serial,
	 * is not touched: POWER_WRONG_MACHINE. */
	char uuid[40], serial[NM_MAX_NAME];
	enum power_firmware firmware;
	/* The second try of BOOT: by cycle in the place of off and on, and in the BMC's other
	 * spelling of the boot order. */
	bool other_method;
	char image[POWER_URL]; /* MEDIA: http(s)://... */
	int64_t deadline;
};

#define POWER_STEPS_MAX 24

struct power_step {
	char name[16]; /* "connect", "identify", "status", "off", "boot", "readback", "on", "cycle",
	                  "insert", "eject" */
	int64_t ms;    /* it took */
	bool ok;
	char text[200]; /* what was seen: clean, never the password */
};

struct power_result {
	enum reason reason; /* OK, or POWER_* */
	char text[320];     /* a sentence either way */
	const char *type;   /* that answered; NULL: none */
	enum power_state power;
	struct power_boot boot; /* as read back; device OTHER and text when unknown */
	bool boot_known;
	struct power_identity identity;
	size_t count;
	struct power_step steps[POWER_STEPS_MAX];
};

/* The screen of job's machine, when it is the one it is believed to be: logs in, looks whose it is,
 * logs out, listens. job->order says nothing. Reads POWER_UNSUPPORTED for a kind without one; type
 * "auto" is IPMI, where no certificate is pinned. Steps, identity, reason and text into ret. */
void power_console(
        const struct power_job *job, struct power_result *ret, struct power_screen *ret_screen);

/* Never fails otherwise than by ret->reason. Blocks until job->deadline at the latest, and little
 * longer. */
void power_drive(const struct power_job *job, struct power_result *ret);

#endif
