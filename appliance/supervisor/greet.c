/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `netmend serve` says to the person who starts it. */
#include "appliance/supervisor/serve.h"

#include <stdio.h>

void serve_greet(const struct config *c)
{
	static const char *const modes[] = {
	        "proxy: the site's DHCP server gives the addresses, we name the boot program",
	        "full: we are the DHCP server of this network",
	        "off: another DHCP server must name the boot program"};
	char url[CONFIG_URL_TEXT];

	config_page_url(c, url);
	printf("netmend is running.\n\n"
	       "  status page   %s/  (self-signed certificate: the browser asks once)\n"
	       "  boot network  %s, %s/%d\n"
	       "  DHCP          %s\n"
	       "  scope         %s\n"
	       "  repair        %s\n\n",
	        url, c->interface, c->address, c->prefix, modes[c->dhcp_mode],
	        c->scope == SCOPE_ALL ? "all: every machine that boots from the network is repaired"
	                              : "listed: only machines on the list are answered",
	        c->dry_run ? "dry run: machines are inspected, none is written to"
	                   : "bad files are removed");
	if (c->web.missing || c->escrow.missing || c->fetch.missing || c->power.missing)
		printf("  note          not all of the users netmend, netmend-escrow, "
		       "netmend-fetch "
		       "and netmend-power are on this host: running as numbers %u, %u, %u and "
		       "%u\n\n",
		        (unsigned)c->web.uid, (unsigned)c->escrow.uid, (unsigned)c->fetch.uid,
		        (unsigned)c->power.uid);
	printf("Next: import the recovery keys     netmend keys import FILE.csv\n%s"
	       "      start a machine from the network and watch it on the status page\n\n",
	        c->scope == SCOPE_ALL ? ""
	                              : "      put the machines on the list  netmend machines add "
	                                "MAC NAME\n");
	fflush(stdout);
}

void serve_show_setup(const struct config *c, const char *token)
{
	char url[CONFIG_URL_TEXT];

	config_page_url(c, url);
	printf("Nobody has an account yet. This link makes the first one, once, within %d "
	       "hours:\n\n"
	       "  %s/setup#%s\n\n",
	        NM_SETUP_HOURS, url, token);
	fflush(stdout);
}
