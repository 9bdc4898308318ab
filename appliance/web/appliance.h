/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This appliance among those that share the store. */
#ifndef WEB_APPLIANCE_H
#define WEB_APPLIANCE_H

#include "fixer/base/error.h"

#define APPLIANCE_ID 17

/* 16 hex digits: what is in the file, which is made when there is none. */
int appliance_id(const char *path, char ret[APPLIANCE_ID], struct error *err);

struct web;
/* Once a second: every few seconds the store is told that we are there. */
void appliance_tick(struct web *w);

#endif
