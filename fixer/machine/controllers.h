/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why the machine may have disks the kernel does not show, and which cards have no driver. */
#ifndef MACHINE_CONTROLLERS_H
#define MACHINE_CONTROLLERS_H

#include "netmend/reason.h"

#define CONTROLLERS_TEXT 256

struct machine_controllers {
	/*
	 * DISK_HIDDEN: Intel's SATA controller in RAID mode holds NVMe disks in its own registers,
	 * so that they are not on the PCI bus; the kernel's ahci counts them (attribute
	 * remapped_nvme, in Linux since 5.13) and cannot reach them. NO_DISK_DRIVER: a storage
	 * controller has no driver. Otherwise NO_DISK.
	 */
	enum reason reason;
	char text[CONTROLLERS_TEXT];    /* the controllers with their PCI ids, for that reason */
	char network[CONTROLLERS_TEXT]; /* Ethernet cards without a driver; "" for none */
};

/* Looks at sys/bus/pci/devices. Never fails: what cannot be read is not there. */
void machine_controllers_read(const char *sys, struct machine_controllers *ret);

#endif
