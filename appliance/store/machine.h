/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the appliance knows of one machine. */
#ifndef STORE_MACHINE_H
#define STORE_MACHINE_H

#include "netmend/limits.h"
#include "netmend/reason.h"
#include "netmend/wire.h"

#include <stdbool.h>
#include <stdint.h>

enum machine_state {
#define X(name) STATE_##name,
	WIRE_STATES(X)
#undef X
	        STATE_COUNT
};

/* "seen", as on the wire; static. */
const char *machine_state_name(enum machine_state state);
/* -1 when there is none. */
int machine_state_parse(const char *name);

#define MAC_TEXT     18
#define IPV4_TEXT    16
#define UUID_TEXT    37
#define PAIRING_TEXT 7
#define PLACE_TEXT   65 /* a site, floor, owner, ring, BMC address, name of a person or appliance */

/* Which boot program UEFI firmware gets by PXE; AUTO: nobody says which. */
enum machine_loader { MACHINE_LOADER_AUTO, MACHINE_LOADER_IPXE, MACHINE_LOADER_SHIM };

/* What its firmware tries first, as its fixer read it last. */
enum machine_boot_order {
	MACHINE_BOOT_ORDER_UNKNOWN,
	MACHINE_BOOT_ORDER_DISK,
	MACHINE_BOOT_ORDER_NETWORK, /* to be set back by a person: a later boot measures otherwise
	                             */
};

/* How its Windows is set to start, as its fixer read in its boot configuration (BCD) last. */
enum machine_safe_mode {
	MACHINE_SAFE_MODE_UNKNOWN,
	MACHINE_SAFE_MODE_NONE,
	MACHINE_SAFE_MODE_MINIMAL, /* this and what follows: until a person ends it in Windows */
	MACHINE_SAFE_MODE_NETWORK,
	MACHINE_SAFE_MODE_DSREPAIR,
};

/* "unknown", "none", "minimal", "network", "dsrepair". Static. */
const char *machine_safe_mode_name(enum machine_safe_mode mode);
/* enum machine_safe_mode, or -EINVAL. */
int machine_safe_mode_parse(const char *name);

/* Strings are UTF-8 without control characters; "" when not known. Times: ms since 1970. */
struct machine {
	int64_t id;
	char name[NM_MAX_NAME + 1]; /* the operator's; else serial, else MAC */
	char mac[MAC_TEXT];         /* "52:54:00:12:34:56", the one it booted from last; "": none */
	char ip[IPV4_TEXT];
	char uuid[UUID_TEXT]; /* upper case; "" when the firmware has none (all zeros or ones) */
	char serial[NM_MAX_NAME + 1];
	char asset[NM_MAX_NAME + 1];
	char manufacturer[NM_MAX_NAME + 1];
	char product[NM_MAX_NAME + 1];
	bool in_scope; /* the operator listed it */
	bool held;     /* by an operator, or by the serve guard */
	bool done;     /* repaired: not answered any more, until an operator says so */
	enum machine_state state;
	enum reason reason;
	char text[NM_MAX_EVENT_TEXT + 1];
	/* Where it goes back to when the silence (NO_HEARTBEAT) ends; STATE_COUNT: not silent. */
	enum machine_state silent_state;
	enum reason silent_reason;
	int attempt;        /* network boots that were handed the fixer */
	int64_t since;      /* of the present state */
	int64_t first_seen; /* 0: never */
	int64_t last_seen;
	int64_t guard_from; /* hand-outs before this do not count for the serve guard */
	char pairing[PAIRING_TEXT];
	int64_t campaign;           /* it belongs to; 0: none */
	int wave;                   /* of it, from 1 */
	bool open;                  /* its wave is, and its turn in the start order has come */
	char appliance[PLACE_TEXT]; /* that had to do with it last; "": before there were several */
	/* Its line of the inventory (store_machine_save() leaves it alone); empty without one. */
	bool listed;
	char site[PLACE_TEXT], floor[PLACE_TEXT], owner[PLACE_TEXT], ring[PLACE_TEXT];
	char bmc[PLACE_TEXT], rack[PLACE_TEXT], feed[PLACE_TEXT];
	char listed_serial[NM_MAX_NAME + 1], listed_uuid[UUID_TEXT];
	int rank;           /* start order of servers: 1 first; 0: none */
	char conflict[201]; /* how that line contradicts what was seen on the wire; "": not */
	int64_t changed;    /* seq of its latest event */
	enum machine_loader loader; /* a person's word for this machine */
	/* A person's word for all of its model (store_machine_save() leaves it alone). */
	enum machine_loader model_loader;
	/* What it gets while nobody says which, as the appliance's first choice did not start;
	 * AUTO: the appliance's choice. */
	enum machine_loader flipped;
	enum machine_loader given; /* by the answer to its try that began at `asked`; AUTO: none */
	int flips;                 /* since it was heard to have started */
	int64_t asked;             /* when its firmware's latest try began; 0: none */
	int64_t started;           /* when its boot was heard of last; 0: never */
	enum machine_boot_order boot_order;
	enum machine_safe_mode safe_mode;
};

/* What it showed; what it has not shown its inventory line may say; "". Point into m. */
const char *machine_serial(const struct machine *m);
const char *machine_uuid(const struct machine *m);

/* "VENDOR MODEL" as its SMBIOS says both; "" before its first contact. */
#define MODEL_TEXT (2 * NM_MAX_NAME + 2)
void machine_model(const struct machine *m, char ret[MODEL_TEXT]);

/* Any case, with ':' or '-' or without separator, to "52:54:00:12:34:56". 0, or -EINVAL (also for
 * group addresses and zero). */
int mac_normalise(const char *text, char ret[MAC_TEXT]);

#endif
