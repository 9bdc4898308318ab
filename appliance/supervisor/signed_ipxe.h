/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iPXE 2 as its makers sign it, brought by the administrator (Debian has none): a shim signed by
 * Microsoft, and snponly.efi signed for that shim. With both, every 64-bit UEFI machine starts by
 * iPXE whether its Secure Boot is on or off.
 */
#ifndef SUPERVISOR_SIGNED_IPXE_H
#define SUPERVISOR_SIGNED_IPXE_H

#include "appliance/boot/pe.h"
#include "appliance/config/config.h"
#include "fixer/base/buffer.h"

enum signed_ipxe { SIGNED_SHIM, SIGNED_SNPONLY, SIGNED_IPXE_FILES };

/* Where it is kept in the state directory, and the name by which firmware gets it. */
extern const char *const signed_ipxe_kept[SIGNED_IPXE_FILES];
extern const char *const signed_ipxe_names[SIGNED_IPXE_FILES];

/* The files as found, judged. */
struct signed_ipxe_set {
	struct signed_ipxe_file {
		struct buffer data; /* empty: not found */
		struct pe_program program;
	} file[SIGNED_IPXE_FILES];
};

/* From iPXE's release archive (ipxeboot.tar.gz) or one of the files themselves: adds to the set
 * what is for x86-64 and signed. USAGE when there is nothing of use in it; CANNOT_OPEN. */
int signed_ipxe_read(const char *path, struct signed_ipxe_set *set, struct error *err);
/* Whether both are there; USAGE names what is missing. */
int signed_ipxe_complete(const struct signed_ipxe_set *set, struct error *err);
void signed_ipxe_free(struct signed_ipxe_set *set);

/* Keeps a complete set in the state directory; used from the next start on. */
int signed_ipxe_keep(
        const struct config *config, const struct signed_ipxe_set *set, struct error *err);
/* What is kept. -ENOENT and no message: nothing. */
int signed_ipxe_load(const struct config *config, struct signed_ipxe_set *ret, struct error *err);
/* 0, also when there was nothing. */
int signed_ipxe_remove(const struct config *config, struct error *err);
bool signed_ipxe_is_kept(const struct config *config);

#endif
