/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what comes to preflight's question for an address, of whoever is on the wire. */
#include "appliance/preflight/offer.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of the question the input claims, so that it gets beyond that. */
	struct asker who = {.xid = 7, .architecture = 7};
	struct offer o;

	if (size >= DHCP_AT_CHADDR + sizeof(who.mac)) {
		memcpy(&who.xid, data + DHCP_AT_XID, 4);
		memcpy(who.mac, data + DHCP_AT_CHADDR, sizeof(who.mac));
	}
	if (offer_read(&who, data, size, &o) < 0)
		return 0;
	must(is_clean(o.name, sizeof(o.name)));
	must(is_clean(o.file, sizeof(o.file)));
	must(is_clean(o.option66, sizeof(o.option66)));
	must(is_clean(o.option67, sizeof(o.option67)));
	must(o.architecture == 7);
	return 0;
}
