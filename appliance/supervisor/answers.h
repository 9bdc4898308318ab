/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answer list as dnsmasq reads it. web keeps a file per MAC (STATE/dnsmasq/hosts), which it can
 * change one by one; dnsmasq reads ten thousand files in most of a second of processor time, at
 * each SIGHUP, and one file with as many lines in 10 ms.
 */
#ifndef SUPERVISOR_ANSWERS_H
#define SUPERVISOR_ANSWERS_H

#include "appliance/config/config.h"
#include "fixer/base/error.h"

/* STATE/dnsmasq/answers: one MAC a line, bare, or of a machine that gets the other loader with an
 * address of no network (known-othernet in netboot/dnsmasq.conf.in). The file of a machine whose
 * loader was chosen is called MAC.ipxe or MAC.shim; in scope "all" only these are answered. dnsmasq
 * logs "read" with its name each time it has read the list again, which is how we know that it has.
 */
#define DNSMASQ_ANSWERS "dnsmasq/answers"

/* Writes it anew, in one step, from the names in STATE/dnsmasq/hosts. Names that are no MAC are
 * left out: web could be somebody else's by now, and must not get a word of its own into what a
 * process with capabilities reads. CANNOT_OPEN names the path. */
int answers_write(const struct config *config, struct error *err);

#endif
