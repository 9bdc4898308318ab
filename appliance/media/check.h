/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges a finished image by its bytes: whether BIOS and UEFI find what they start, as a CD and as
 * a disk. No I/O; the image counts as hostile. */
#ifndef MEDIA_CHECK_H
#define MEDIA_CHECK_H

#include "fixer/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Where the EFI system partition is, in bytes: the same for El Torito and for the GPT. */
struct media_layout {
	uint64_t esp_at, esp_len;
};

/* INTERNAL says what is missing: boot code and signature of the first sector, the ISO 9660
 * descriptors, a boot catalogue with one entry for BIOS and one for UEFI, a GPT with the system
 * partition of that entry. */
int media_check(const uint8_t *image, size_t len, struct media_layout *ret, struct error *err);

#endif
