/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the appliance is, when the medium names none or names it by a DNS name. */
#ifndef INIT_SEEK_H
#define INIT_SEEK_H

#include "fixer/base/bootparams.h"
#include "initrd/init/dhcp_message.h"

#define SEEK_URL_TEXT 96

/*
 * "https://IPV4:PORT" into ret. The medium's own first, else in turn, until one is there: DHCP's
 * option 43, the name `netmend` in DHCP's domain, DHCP's next-server; the last two have to answer
 * on port 443. The screen says what is tried. Restarts the machine after ten minutes, which asks
 * DHCP anew.
 */
void seek_appliance(
        const struct bootparams *p, const struct dhcp_answer *a, char ret[SEEK_URL_TEXT]);

/* The host of "https://HOST:PORT" and its port: 0 or -EINVAL. */
int seek_split(const char *url, char ret_host[SEEK_URL_TEXT], uint16_t *ret_port);

#endif
