/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what comes to a DHCP client's port, of whoever is on the wire. */
#include "initrd/init/dhcp_message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of the exchange the input claims, so that it gets beyond that. */
	struct dhcp_client c = {.xid = 7};
	struct dhcp_answer a;

	if (size >= 34) {
		memcpy(&c.xid, data + 4, 4);
		memcpy(c.mac, data + 28, 6);
	}
	if (dhcp_read(&c, data, size, &a) < 0)
		return 0;
	must(a.type == DHCP_OFFER || a.type == DHCP_ACK || a.type == DHCP_NAK);
	must(strlen(a.url) < sizeof(a.url) && !strpbrk(a.url, " \t\r\n"));
	must(dhcp_prefix(&a) >= 1 && dhcp_prefix(&a) <= 32);
	uint8_t request[DHCP_REQUEST_LEN];
	dhcp_write(&c, 1, &a, request);
	must(request[0] == 1);
	return 0;
}
