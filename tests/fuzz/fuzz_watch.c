/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is an IPv4 datagram from the DHCP server's port. */
#include "appliance/supervisor/watch.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct watch_heard heard;
	struct in_addr address;

	if (!watch_parse(data, size, &heard))
		return 0;
	const struct control_message *client = &heard.client, *server = &heard.server;
	if (client->type) {
		must(client->type == CONTROL_DHCP);
		must(client->kind == CONTROL_DHCP_WINDOWS || client->kind == CONTROL_DHCP_HEARD);
		must(client->id >> 16 < CONTROL_CLIENTS);
		must(!client->ip[0] || inet_pton(AF_INET, client->ip, &address) == 1);
		must(strlen(client->text) <= 64);
	}
	if (server->type) {
		must(server->type == CONTROL_DHCP && server->kind == CONTROL_DHCP_SERVER);
		must(inet_pton(AF_INET, server->ip, &address) == 1);
	}
	return 0;
}
