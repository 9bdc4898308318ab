/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the appliance puts on the kernel command line (design section 4), parsed once. */
#ifndef BASE_BOOTPARAMS_H
#define BASE_BOOTPARAMS_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* The command line with what init has found out behind it; only there when it had to. */
#define BOOTPARAMS_FOUND "/run/netmend.cmdline"

struct bootparams {
	char url[96];    /* netmend.url=https://IP:PORT, no trailing slash */
	uint8_t pin[32]; /* netmend.pin=sha256:HEX: SHA-256 of the appliance key's SPKI */
	char token[33];  /* netmend.token=HEX, 128 bit; "" with a way */
	char way[8];     /* netmend.way=grub or media: nobody made a token for this boot; else "" */
	char address[16]; /* netmend.ip=ADDRESS/PREFIX,GATEWAY,MAC; IPv4 text */
	uint8_t prefix;   /* 1 to 32 */
	char gateway[16]; /* "" when there is none */
	uint8_t mac[6];   /* of the port it booted from; zeros: not known */
	bool dry_run;     /* netmend.dry-run=1 */
};

/*
 * Without a way everything is there. With one the token is not; the address may be missing (then
 * DHCP is asked: address "", prefix 0), and so may be the MAC (any port), and with media the URL
 * (DHCP names it). What is there is whole. Of a parameter given twice the last one counts.
 */

/* cmdline: the text of /proc/cmdline. 0, or -EINVAL with REASON_BAD_BOOT_PARAMETERS naming the
 * parameter; unknown netmend.* parameters are errors, others are ignored. */
int bootparams_parse(const char *cmdline, struct bootparams *ret, struct error *err);

/* True when everything but the token is there: what a session takes. */
bool bootparams_whole(const struct bootparams *p);

/* Reads and parses /proc/cmdline. */
int bootparams_read(struct bootparams *ret, struct error *err);

#endif
