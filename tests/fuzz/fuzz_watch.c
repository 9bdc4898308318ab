/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is an IPv4 datagram from the DHCP server's port. */
#include "appliance/supervisor/watch.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_message m;
	struct in_addr address;

	if (!watch_parse(data, size, &m))
		return 0;
	must(m.type == CONTROL_DHCP && m.kind == CONTROL_DHCP_WINDOWS && !m.text[0]);
	must(!m.ip[0] || inet_pton(AF_INET, m.ip, &address) == 1);
	return 0;
}
