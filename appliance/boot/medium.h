/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The appliance's own medium: one image that management controllers fetch from it by HTTP and give
 * their machines as a CD (`netmend media iso` without a file makes it). It has the pin of the
 * certificate it was made for in its name, so that none of another certificate is handed out.
 */
#ifndef BOOT_MEDIUM_H
#define BOOT_MEDIUM_H

#include "fixer/base/error.h"

#include <limits.h>

/* Where it is served; some controllers go by the ending. */
#define MEDIUM_PATH     "/boot/netmend.iso"
#define MEDIUM_URL_TEXT 64

struct medium {
	const char *folder;          /* STATE/media */
	const char *pin;             /* of the certificate in use (pin.h) */
	const char *kernel, *initrd; /* in use */
};

void medium_file(const struct medium *m, char ret[PATH_MAX]);

/* 0; CANNOT_OPEN with what to do: -ENOENT when there is none for this certificate, -ESTALE when
 * kernel or initrd are newer. */
int medium_check(const struct medium *m, struct error *err);

/* "http://ADDRESS/boot/netmend.iso", with the port when it is not 80. */
void medium_url(const char *address, int http_port, char ret[MEDIUM_URL_TEXT]);

/* Removes those of other certificates: nobody is given them any more. */
void medium_drop_others(const struct medium *m);

#endif
