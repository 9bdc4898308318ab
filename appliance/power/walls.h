/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POWER_WALLS_H
#define POWER_WALLS_H

#include "fixer/base/error.h"

/* From now on: no file but those that name resolution and TLS read, connections and datagrams
 * outwards only, no program. What the kernel cannot do is logged. Before the first thread and the
 * first BMC. 0 or -errno. */
int power_walls_raise(struct error *err);

#endif
