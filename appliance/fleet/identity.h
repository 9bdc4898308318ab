/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine says it is, or a list says of it, and when two of these are the same machine. */
#ifndef FLEET_IDENTITY_H
#define FLEET_IDENTITY_H

#include "appliance/store/machine.h"

/* SMBIOS UUID as text to upper case; "" for anything malformed and for values that boards without
 * one share: all bytes the same, and those that firmware makers left in their samples. */
void identity_uuid(const char *text, char ret[UUID_TEXT]);
/* The same UUID with its first three fields in the other byte order: what firmware before
 * SMBIOS 2.6 shows, and some inventories do. "" stays "". */
void identity_uuid_swapped(const char *uuid, char ret[UUID_TEXT]);

/* An SMBIOS string: cleaned, trimmed, cut; "" for the fillers vendors leave in. */
void identity_string(const char *text, char ret[NM_MAX_NAME + 1]);
/* The same for a serial number, which is no identity either when it is zeros, one character all
 * over, or 123456789 in its many lengths. */
void identity_serial(const char *text, char ret[NM_MAX_NAME + 1]);
/* ASCII letters in upper case, in place. */
void identity_upper(char *text);

/* Of whom it is asked whether they are the same. "" for what is not known. */
struct identity {
	const char *uuid, *serial;
};

/* How well two fit, the best last. */
enum identity_fit {
	FIT_NONE,
	FIT_MAC,    /* nothing but a MAC, and nothing against it */
	FIT_UUID,   /* the UUID; if anything else is known, it is only listed otherwise */
	FIT_SERIAL, /* the serial, likewise */
	FIT_BOTH,
};

/* One that is asked about against one that is known: what it showed on the wire, and what its
 * inventory line says of it, which only counts where nothing was shown. Whatever was shown and
 * differs makes it another machine, unless both came with the same MAC (mac): firmware that shows
 * one of the two differently each time. What is only listed may be wrong. With a MAC alone any
 * difference makes it another machine: docks and adapters go from one to the next. */
enum identity_fit identity_fit(const struct identity *asked, const struct identity *shown,
        const struct identity *listed, bool mac);

/* How the line contradicts what was seen; "" when it does not. */
void identity_conflict(const struct machine *m, char ret[sizeof(((struct machine *)0)->conflict)]);

#endif
