/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/boot/netmask.h"

#include <arpa/inet.h>
#include <stdint.h>

int netmask_prefix(const char *netmask)
{
	struct in_addr a;

	if (inet_pton(AF_INET, netmask, &a) != 1)
		return -1;
	uint32_t mask = ntohl(a.s_addr);
	int ones = __builtin_popcount(mask);
	return ones > 0 && mask == UINT32_MAX << (32 - ones) ? ones : -1;
}
