/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A medium for machines that cannot boot from the network: one image that BIOS and UEFI, with
 * Secure Boot too, start from a CD, a virtual CD or a USB stick. The same order gives the same
 * bytes. */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include "appliance/boot/pin.h"
#include "fixer/base/error.h"

#include <stdint.h>

#define MEDIA_URL_TEXT 96
#define MEDIA_SUM_TEXT 65

struct media_order {
	const char *kernel, *initrd; /* the files the appliance serves */
	const char *shim, *grub;     /* signed, for UEFI x64; grub: the one for disks */
	const char *bios;            /* directory of GRUB's modules for BIOS */
	const char *templates;       /* where media.cfg is */
	const char *pin;             /* of the appliance's certificate (pin.h) */
	const char *url;             /* https://ADDRESS:PORT; "": the machine asks DHCP */
};

struct media_made {
	uint64_t size;
	char sum[MEDIA_SUM_TEXT]; /* SHA-256, hex */
};

/*
 * Makes the image and reads it back; only a good one takes the place of the file output.
 * CANNOT_OPEN: a file, or a program that is missing, with its package; USAGE: a file is not what it
 * should be; INTERNAL: a program failed (with its last words), or what was read back differs.
 */
int media_make(const struct media_order *order, const char *output, struct media_made *ret,
        struct error *err);

#endif
