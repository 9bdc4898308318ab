/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FETCH_WALLS_H
#define FETCH_WALLS_H

#include "appliance/fetch/settings.h"

/* From now on: no file but those that name resolution, TLS and Kerberos read, connections outwards
 * only, no program; with a source of type exec, programs, which write nowhere but in /tmp. What the
 * kernel cannot do is logged. 0 or -errno. */
int walls_raise(const struct source_settings *s, struct error *err);

#endif
