/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine as the page and its list show it, as text: ten thousand need no tree of objects. */
#ifndef API_ROW_H
#define API_ROW_H

#include "appliance/store/machine.h"
#include "fixer/base/buffer.h"

#include <jansson.h>

/* Appends a ROW of include/netmend/README.md, without blanks. 0, -EMSGSIZE, -ENOMEM. */
int row_append(struct buffer *out, const struct machine *m);
/* The same as an object; NULL without memory. */
json_t *row_object(const struct machine *m);

#endif
