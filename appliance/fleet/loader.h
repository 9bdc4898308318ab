/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which of two boot programs UEFI firmware gets: a person's word for the machine, else for its
 * model, else the appliance's own choice, until a machine came back without having started it.
 * For the files of fleet/, and for who shows it.
 */
#ifndef FLEET_LOADER_H
#define FLEET_LOADER_H

#include "appliance/fleet/fleet.h"

#include <jansson.h>

/* "auto", "ipxe" or "shim"; static. */
const char *loader_name(enum machine_loader loader);
/* "iPXE" or "shim", for people; static. */
const char *loader_title(enum machine_loader loader);

/* What was said of it or has become of it; AUTO: it gets what all get. */
enum machine_loader loader_wanted(const struct machine *m);
/* What it gets at its next try; first: of struct fleet. Never AUTO. */
enum machine_loader loader_effective(enum machine_loader first, const struct machine *m);

/* Within a transaction: its firmware was answered, m is saved when that is news. 1: it gets the
 * other one from now on, 0, or the store's -errno. */
int loader_asked(struct fleet *f, struct machine *m, int64_t now);
/* It was heard that this program runs on it (AUTO: which one is not known); the caller saves m. */
void loader_started(struct fleet *f, struct machine *m, enum machine_loader what, int64_t now);
/* A person decides anew: earlier tries do not count. The caller saves m. */
void loader_forget(struct machine *m);

/* {"chosen", "model_name", "model", "effective", "flips"}, as in netmend/README.md; NULL: no
 * memory. */
json_t *loader_object(enum machine_loader first, const struct machine *m);

#endif
