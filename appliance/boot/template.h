/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot scripts from netboot/: text with @NAME@ places. A script or kernel command line is code, and
 * what machines tell about themselves goes into it: every value passes through boot_escape(), and
 * nothing is put into a script in any other way.
 */
#ifndef BOOT_TEMPLATE_H
#define BOOT_TEMPLATE_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

#include <stddef.h>

#define BOOT_TEMPLATE_MAX 16384
#define BOOT_SCRIPT_MAX   32768

/* Copies value, with everything but letters, digits and . _ : / , = - replaced by '_', and cut to
 * size - 1 bytes. What is left can end no word, line or command, and names no variable. */
void boot_escape(char *dst, size_t size, const char *value);

struct boot_value {
	const char *name; /* without the '@' */
	const char *value;
};

/* Appends the script to out. -EINVAL with REASON_INTERNAL for a place without a value. */
int boot_render(const char *text, const struct boot_value *values, size_t count, struct buffer *out,
        struct error *err);

/* A template file as text, to be freed. CANNOT_OPEN. */
int boot_template_load(const char *directory, const char *name, char **ret, struct error *err);

#endif
