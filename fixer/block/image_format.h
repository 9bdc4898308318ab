/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What kind of disk image a file is, by its content, and whether it is one we may work on. */
#ifndef BLOCK_IMAGE_FORMAT_H
#define BLOCK_IMAGE_FORMAT_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_format {
	IMAGE_RAW,
	IMAGE_VHD_FIXED, /* raw with a footer: file_device_open() reads it as it is */
	IMAGE_VHD,       /* dynamic */
	IMAGE_VHDX,
	IMAGE_QCOW2,
	IMAGE_VMDK,
	IMAGE_VDI,
};
/* "raw", "vhd", "vhdx", "qcow2", "vmdk", "vdi". Static. */
const char *image_format_name(enum image_format format);

struct image_info {
	enum image_format format;
	uint64_t size;      /* bytes of the disk in it; 0 when the beginning does not tell */
	uint32_t snapshots; /* inside it (qcow2); they keep their content whatever is written */
};

#define IMAGE_HEAD 65536 /* bytes of a file's beginning that are looked at */

/*
 * head: the first IMAGE_HEAD bytes of a file, or all of it; tail: its last 512, NULL when it is
 * smaller. What is no other format is raw. -ENOTSUP, REASON_IMAGE_FORMAT with what to do: an image
 * that needs another one below it (backing file, parent, differencing), that is encrypted, damaged,
 * compressed, of a sleeping machine, or that names files outside its folder.
 */
int image_format_probe(const uint8_t *head, size_t head_len, const uint8_t *tail,
        struct image_info *ret, struct error *err);

/* Of a VMDK, its descriptor: text, len bytes. embedded: it lies in the one file that has the data.
 * 0 or -ENOTSUP as above. */
int vmdk_descriptor_check(const char *text, size_t len, bool embedded, struct error *err);

#endif
