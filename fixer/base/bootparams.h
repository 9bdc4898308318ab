/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the appliance puts on the kernel command line (design section 4), parsed once. */
#ifndef BASE_BOOTPARAMS_H
#define BASE_BOOTPARAMS_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct bootparams {
	char url[96];     /* netmend.url=https://IP:PORT, no trailing slash */
	uint8_t pin[32];  /* netmend.pin=sha256:HEX: SHA-256 of the appliance key's SPKI */
	char token[33];   /* netmend.token=HEX, 128 bit */
	char address[16]; /* netmend.ip=ADDRESS/PREFIX,GATEWAY,MAC; IPv4 text */
	uint8_t prefix;   /* 1 to 32 */
	char gateway[16]; /* "" when there is none */
	uint8_t mac[6];
	bool dry_run; /* netmend.dry-run=1 */
};

/* cmdline: the text of /proc/cmdline. 0, or -EINVAL with REASON_BAD_BOOT_PARAMETERS naming the
 * parameter; unknown netmend.* parameters are errors, others are ignored. */
int bootparams_parse(const char *cmdline, struct bootparams *ret, struct error *err);

/* Reads and parses /proc/cmdline. */
int bootparams_read(struct bootparams *ret, struct error *err);

#endif
