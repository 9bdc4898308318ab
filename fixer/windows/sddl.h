/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WINDOWS_SDDL_H
#define WINDOWS_SDDL_H

#include "fixer/base/buffer.h"

#include <stddef.h>

/*
 * Appends a self-relative security descriptor (MS-DTYP 2.4.6) to out in the language that Windows
 * reads and writes (MS-DTYP 2.5.1), SIDs and rights as numbers: "O:S-1-5-18G:S-1-5-18D:P(A;OICI;
 * 0x1f01ff;;;S-1-5-18)". The bytes are hostile. 0; -EBADMSG when they are no descriptor;
 * -ENOTSUP for entries other than allow, deny, audit and label; -EMSGSIZE, -ENOMEM of out. On
 * failure out holds a part.
 */
int sddl_append(const void *descriptor, size_t len, struct buffer *out);

#endif
