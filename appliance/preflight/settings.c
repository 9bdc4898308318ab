/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/settings.h"

#include "appliance/boot/template.h"
#include "appliance/web/embed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

EMBED_FILE(settings_kea, "appliance/preflight/settings/kea.in");
EMBED_FILE(settings_isc, "appliance/preflight/settings/isc.in");
EMBED_FILE(settings_dnsmasq, "appliance/preflight/settings/dnsmasq.in");
EMBED_FILE(settings_microsoft, "appliance/preflight/settings/microsoft.in");
EMBED_FILE(settings_unifi, "appliance/preflight/settings/unifi.in");
EMBED_FILE(settings_cisco, "appliance/preflight/settings/cisco.in");
EMBED_FILE(settings_juniper, "appliance/preflight/settings/juniper.in");
EMBED_FILE(settings_aruba, "appliance/preflight/settings/aruba.in");

/* As they are looked at with a name; each ends with a NUL. */
static const char *template_of(const char *name)
{
	const struct {
		const char *name;
		const unsigned char *text;
	} table[] = {
	        {"kea", settings_kea},
	        {"isc", settings_isc},
	        {"dnsmasq", settings_dnsmasq},
	        {"microsoft", settings_microsoft},
	        {"unifi", settings_unifi},
	        {"cisco", settings_cisco},
	        {"juniper", settings_juniper},
	        {"aruba", settings_aruba},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return (const char *)table[i].text;
	return NULL;
}

static void network_of(const struct config *config, char ret[INET_ADDRSTRLEN])
{
	struct in_addr network = {0};
	uint32_t mask = config->prefix ? ~0u << (32 - config->prefix) : 0;

	(void)inet_pton(AF_INET, config->address, &network);
	network.s_addr &= htonl(mask);
	(void)inet_ntop(AF_INET, &network, ret, INET_ADDRSTRLEN);
}

int settings_render(const struct config *config, bool shim, const char *name, struct buffer *out,
        struct error *err)
{
	const char *text = template_of(name);
	char network[INET_ADDRSTRLEN], server[40], tcp[16];

	if (!text)
		return error_set(err, -EINVAL, REASON_USAGE, "no settings for %.40s: there are %s",
		        name, SETTINGS_NAMES);
	/* The licence's line is of the file. */
	text += strcspn(text, "\n") + 1;
	network_of(config, network);
	(void)snprintf(server, sizeof(server), config->http_port == 80 ? "%s" : "%s:%d",
	        config->address, config->http_port);
	(void)snprintf(tcp, sizeof(tcp), "%d,%d", config->http_port, config->https_port);
	const struct boot_value values[] = {
	        {"ADDRESS", config->address},
	        {"SERVER", server},
	        {"NETWORK", network},
	        {"TCP", tcp},
	        {"PROGRAM", shim ? "x64/shimx64.efi" : "x64/snponly.efi"},
	};
	return boot_render(text, values, sizeof(values) / sizeof(values[0]), out, err);
}
