/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/dnsmasq_log.h"

#include "fixer/base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Moves *at over prefix. */
static bool take(const char **at, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*at, prefix, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool take_number(const char **at, uint32_t *ret)
{
	size_t digits = strspn(*at, "0123456789");

	if (digits == 0 || digits > 10)
		return false;
	unsigned long long value = strtoull(*at, NULL, 10);
	if (value > UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	*at += digits;
	return true;
}

/* "aa:bb:cc:dd:ee:ff", followed by a blank or the end. */
static bool take_mac(const char **at, uint8_t ret[6])
{
	uint8_t mac[6];

	for (int i = 0; i < 6; i++) {
		char pair[3] = {(*at)[0], (*at)[0] ? (*at)[1] : '\0', '\0'};
		if (hex_decode(pair, &mac[i], 1) < 0)
			return false;
		*at += 2;
		if (i < 5 && !take(at, ":"))
			return false;
	}
	if (**at != ' ' && **at != '\0')
		return false;
	memcpy(ret, mac, sizeof(mac));
	return true;
}

static void set_client(struct dnsmasq_log *log, const char *vendor_class)
{
	const char *at = vendor_class;
	uint32_t number;
	bool http = take(&at, "HTTPClient");

	log->architecture = CONTROL_NO_ARCHITECTURE;
	log->client = http ? CONTROL_CLIENT_HTTP : CONTROL_CLIENT_PXE;
	log->network_boot = http || take(&at, "PXEClient");
	if (log->network_boot && take(&at, ":Arch:") && take_number(&at, &number) &&
	        number < CONTROL_NO_ARCHITECTURE)
		log->architecture = number;
}

/* at: behind "XID PXE(" or "XID DHCPDISCOVER(". */
static bool client_event(const struct dnsmasq_log *log, const char *at, struct dnsmasq_event *ret)
{
	at = strchr(at, ')');
	if (!at || !take(&at, ") "))
		return false;
	if (!take_mac(&at, ret->mac)) {
		/* A client that asks for an address again has it before its MAC. */
		at = strchr(at, ' ');
		if (!at || !take(&at, " ") || !take_mac(&at, ret->mac))
			return false;
	}
	ret->kind = DNSMASQ_CLIENT;
	ret->served = !strstr(at, "ignored") && !strstr(at, "no address");
	ret->client = CONTROL_CLIENT_ID(log->client, log->architecture);
	control_architecture(log->architecture, ret->text);
	return true;
}

/* One line of an exchange, behind its XID. True when it made an event. */
static bool exchange_event(
        struct dnsmasq_log *log, uint32_t xid, const char *at, struct dnsmasq_event *ret)
{
	if (log->xid != xid) {
		log->xid = xid;
		log->network_boot = false;
	}
	if (take(&at, "vendor class: ")) {
		set_client(log, at);
		return false;
	}
	if (take(&at, "user class: ")) {
		if (strcmp(at, "iPXE") == 0)
			log->client = CONTROL_CLIENT_IPXE;
		return false;
	}
	if (!log->network_boot || !(take(&at, "PXE(") || take(&at, "DHCPDISCOVER(")))
		return false;
	return client_event(log, at, ret);
}

static bool sent_event(const char *at, struct dnsmasq_event *ret)
{
	const char *last = NULL;
	struct in_addr address;

	/* The name may hold " to " itself: the last one counts. */
	for (const char *to = strstr(at, " to "); to; to = strstr(to + 1, " to "))
		last = to;
	if (!last || inet_pton(AF_INET, last + 4, &address) != 1)
		return false;
	ret->kind = DNSMASQ_SENT;
	inet_ntop(AF_INET, &address, ret->ip, sizeof(ret->ip));
	char name[DNSMASQ_LINE_MAX];
	snprintf(name, sizeof(name), "%.*s", (int)(last - at), at);
	text_clean(ret->text, sizeof(ret->text), name);
	return true;
}

static bool line_event(struct dnsmasq_log *log, struct dnsmasq_event *ret)
{
	const char *at = log->line;
	uint32_t pid, xid;

	*ret = (struct dnsmasq_event){.kind = DNSMASQ_NOTE};
	bool dhcp = take(&at, "dnsmasq-dhcp[");
	bool tftp = !dhcp && take(&at, "dnsmasq-tftp[");
	if ((dhcp || tftp) && take_number(&at, &pid) && take(&at, "]: ")) {
		const char *text = at;
		if (tftp && take(&at, "sent ") && sent_event(at, ret))
			return true;
		if (dhcp && take(&at, "read ")) {
			ret->kind = DNSMASQ_READ;
			text_clean(ret->text, sizeof(ret->text), at);
			return true;
		}
		if (dhcp && take_number(&at, &xid) && take(&at, " "))
			return exchange_event(log, xid, at, ret);
		text_clean(ret->text, sizeof(ret->text), text);
		return true;
	}
	text_clean(ret->text, sizeof(ret->text), log->line);
	return log->line[0] != '\0';
}

void dnsmasq_log_feed(struct dnsmasq_log *log, const char *data, size_t len,
        void (*each)(const struct dnsmasq_event *event, void *context), void *context)
{
	for (size_t i = 0; i < len; i++) {
		struct dnsmasq_event event;

		if (data[i] != '\n') {
			if (log->len < sizeof(log->line) - 1 && data[i] != '\0')
				log->line[log->len++] = data[i];
			else
				log->skipping = true;
			continue;
		}
		log->line[log->len] = '\0';
		if (!log->skipping && line_event(log, &event))
			each(&event, context);
		dnsmasq_log_reset(log);
	}
}

void dnsmasq_log_reset(struct dnsmasq_log *log)
{
	log->len = 0;
	log->skipping = false;
}
