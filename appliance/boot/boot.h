/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What firmware and iPXE fetch over plain HTTP: nothing secret but the token of one boot. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "appliance/boot/medium.h"
#include "appliance/boot/pin.h"
#include "appliance/fleet/fleet.h"
#include "appliance/http/http.h"

struct boot_options {
	const char *templates; /* directory with entry.ipxe, remediate.ipxe, local.ipxe, hold.ipxe,
	                         turn.ipxe */
	const char *kernel, *initrd, *program;
	const char *media; /* folder of the appliance's own medium */
	const char *address;
	int http_port, https_port;
	int prefix;
	const char *gateway; /* "" for none */
	bool dry_run;
};

struct boot {
	struct boot_options options; /* strings borrowed */
	struct fleet *fleet;         /* borrowed */
	char *entry, *remediate, *local, *hold, *turn;
	char server[32];        /* ADDRESS, or ADDRESS:PORT */
	char secure_server[32]; /* ADDRESS:PORT */
	char pin[PIN_TEXT];
	struct medium medium;
};

/* err: CANNOT_OPEN for a template or certificate. */
int boot_open(struct boot *b, const struct boot_options *options, struct fleet *fleet,
        const char *cert_pem, struct error *err);
void boot_close(struct boot *b);

/* GET /boot.ipxe */
void boot_entry(struct http_request *r, struct boot *b);
/* GET /boot/ipxe?mac=&uuid=... : the decision as a script. Machines fill in what they have; only
 * mac is needed. */
void boot_script(struct http_request *r, struct boot *b);
/* GET /boot/vmlinuz, /boot/initrd.img */
void boot_kernel(struct http_request *r, struct boot *b);
void boot_initrd(struct http_request *r, struct boot *b);
/* GET /boot/x64/snponly.efi: firmware that boots over HTTP. */
void boot_program(struct http_request *r, struct boot *b);
/* GET /boot/x64/snponly-shim.efi: the same where signed iPXE was imported; 404 where not.
 * GET /boot/x64/shimx64.efi: what iPXE hands the kernel to when Secure Boot is on. Both lie beside
 * the program. */
void boot_ipxe_shim(struct http_request *r, struct boot *b);
void boot_kernel_shim(struct http_request *r, struct boot *b);
/* GET MEDIUM_PATH, in parts, too: controllers read it as they would a CD. */
void boot_medium(struct http_request *r, struct boot *b);

#endif
