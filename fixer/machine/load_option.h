/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EFI_LOAD_OPTION, the content of a Boot#### variable (UEFI 2.10 section 3.1.3). Hostile bytes. */
#ifndef MACHINE_LOAD_OPTION_H
#define MACHINE_LOAD_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#define LOAD_OPTION_PATH 512

struct load_option {
	bool active;                 /* LOAD_OPTION_ACTIVE */
	bool network;                /* boots from a network card: PXE or HTTP */
	bool windows;                /* boots the Windows Boot Manager's file */
	char path[LOAD_OPTION_PATH]; /* file path nodes joined, UTF-8; "" when there are none */
};

/* data: the variable without its attributes. 0, or -EBADMSG when it is damaged. */
int load_option_parse(const void *data, size_t len, struct load_option *ret);

#endif
