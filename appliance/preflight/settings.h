/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to type into other people's DHCP servers and switches, from templates carried in this
 * program (settings/). */
#ifndef PREFLIGHT_SETTINGS_H
#define PREFLIGHT_SETTINGS_H

#include "appliance/config/config.h"
#include "fixer/base/buffer.h"

/* As --help has it: each may be asked for. */
#define SETTINGS_NAMES "kea|isc|dnsmasq|microsoft|unifi|cisco|juniper|aruba"

/*
 * Appends the text for one of the names, with this appliance's address, network and files, each
 * value escaped as in boot scripts. config: with address and prefix. shim: firmware is to get the
 * signed chain. -EINVAL with USAGE for another name.
 */
int settings_render(const struct config *config, bool shim, const char *name, struct buffer *out,
        struct error *err);

#endif
