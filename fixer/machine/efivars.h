/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variables of the EFI global namespace through efivarfs. */
#ifndef MACHINE_EFIVARS_H
#define MACHINE_EFIVARS_H

#include <stddef.h>
#include <stdint.h>

#define EFIVAR_MAX 4096 /* no boot variable we read is larger */

/* The variable's data without its attributes: the length, or -errno (-ENOENT: no such variable,
 * -EMSGSIZE: larger than capacity, -EBADMSG: too short to be one). */
int efivar_read(const char *sys, const char *name, void *data, size_t capacity);

/* Writes a 16 bit number as a non-volatile variable that boot services and runtime may use, and
 * reads it back. 0 or -errno. */
int efivar_write_u16(const char *sys, const char *name, uint16_t value);

#endif
