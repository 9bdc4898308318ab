/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What UEFI x64 firmware is given by TFTP: iPXE, or the chain of signed programs that Secure Boot
 * lets through (shim, GRUB, kernel). GRUB has no HTTP, so kernel and initrd are there for it too.
 */
#ifndef SUPERVISOR_LOADERS_H
#define SUPERVISOR_LOADERS_H

#include "appliance/config/config.h"

enum loader { LOADER_IPXE, LOADER_SHIM };

/* Puts the signed chain into the TFTP root, with GRUB's configuration made for the certificate in
 * this file. Is it not installed, what was there is removed, and with uefi = shim that is an error.
 */
int loaders_prepare(const struct config *config, const char *cert, struct error *err);

/* Whether the signed chain is in the TFTP root. */
bool loaders_have_shim(const struct config *config);

/* What a machine gets of which nobody said otherwise, when the signed chain is there: that chain
 * where it is known to get to its end, which is where DHCP's answer names us as its server. */
enum loader loaders_first(const struct config *config);

/* The same for web: "ipxe" or "shim"; "auto" when there is only one. Static. */
const char *loaders_first_name(const struct config *config);

#endif
