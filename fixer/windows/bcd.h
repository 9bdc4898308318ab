/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Windows' boot configuration data: a hive of objects (GUIDs), each with a description and
 * elements. Their numbers: Microsoft, "BCD Reference" (BcdOSLoaderElementTypes,
 * BcdBootMgrElementTypes, BcdLibrary_SafeBoot). Only what says whether Windows will start in safe
 * mode; nothing is written.
 */
#ifndef WINDOWS_BCD_H
#define WINDOWS_BCD_H

#include <stddef.h>

struct hive_h;

#define BCD_MAX (4 * 1024 * 1024) /* bytes; they have 16 to 100 KiB */

/* Where the firmware's way to Windows has it, from the root of its volume. */
#define BCD_PATH_UEFI "\\EFI\\Microsoft\\Boot\\BCD"
#define BCD_PATH_BIOS "\\Boot\\BCD"

/* What bcdedit calls safeboot. It stays set until somebody deletes it. */
enum safe_mode {
	SAFE_MODE_UNKNOWN,  /* no BCD, or none that could be read */
	SAFE_MODE_NONE,     /* starts as usual */
	SAFE_MODE_MINIMAL,  /* no network */
	SAFE_MODE_NETWORK,  /* network, but few services */
	SAFE_MODE_DSREPAIR, /* a domain controller without its directory */
};
#define SAFE_MODE_LAST SAFE_MODE_DSREPAIR

/* "unknown", "none", "minimal", "network", "dsrepair", as on the wire. Static. */
const char *safe_mode_name(enum safe_mode mode);

/* What ends it, as typed at a command prompt of that machine. */
#define SAFE_MODE_END "bcdedit /deletevalue {default} safeboot"

/* Of the entry that starts when nobody chooses another. UNKNOWN when the boot manager names none,
 * when that is no loader of Windows, or when something is damaged. */
enum safe_mode bcd_safe_mode(struct hive_h *hive);

#endif
