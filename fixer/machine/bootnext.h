/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way back to Windows on machines whose firmware tries the network first: BootNext, for one
 * boot. BootOrder is never written. Design section 4.
 */
#ifndef MACHINE_BOOTNEXT_H
#define MACHINE_BOOTNEXT_H

#include "fixer/base/error.h"

enum bootnext {
	BOOTNEXT_SET,        /* written and read back */
	BOOTNEXT_NOT_NEEDED, /* the firmware starts the disk by itself */
	BOOTNEXT_NO_ENTRY,   /* BootOrder has no active Windows Boot Manager entry */
	BOOTNEXT_FAILED,     /* the variables cannot be read or written; err says why */
	BOOTNEXT_NOT_UEFI,
};

/* "set", "not-needed", "no-entry", "failed", "not-uefi", as on the wire. Static. */
const char *bootnext_name(enum bootnext b);

/* sys: "/sys". Sets BootNext to the Windows Boot Manager when the running boot came from the
 * network or a network entry stands before Windows in BootOrder. err (may be NULL) is set for
 * _FAILED. */
enum bootnext bootnext_to_windows(const char *sys, struct error *err);

/* What the firmware tries first: the network or Windows. */
enum boot_order {
	BOOT_ORDER_UNKNOWN, /* no UEFI, no readable variables, no active Windows entry */
	BOOT_ORDER_DISK,
	BOOT_ORDER_NETWORK, /* a later boot measures the failed network boot before Windows */
};

/* "unknown", "disk-first", "network-first", as on the wire. Static. */
const char *boot_order_name(enum boot_order o);

/* sys: "/sys". Reads BootOrder and its entries, never writes; a one-time network boot from the boot
 * menu leaves a disk-first machine what it is. */
enum boot_order boot_order_read(const char *sys);

#endif
