/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/control.h"
#include "appliance/web/process.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONTROL_TURN 64

void told_machines_changed(void *context)
{
	struct web *w = context;

	w->routes.api.feed_due = true;
}

void told_escrow_changed(void *context)
{
	struct web *w = context;

	web_api_appliance_changed(&w->routes.api);
}

void told_requests_changed(void *context)
{
	struct web *w = context;

	web_api_requests_changed(&w->routes.api);
}

void told_released(void *context, int64_t session, const struct escrow_release *answer)
{
	struct web *w = context;

	web_api_released(&w->routes.api, session, answer);
}

void told_boxed(void *context, int64_t ticket, json_t *answer)
{
	struct web *w = context;

	web_api_boxed(&w->routes.api, ticket, answer);
}

void told_powered(void *context, int64_t ticket, const struct escrow_power *answer)
{
	struct web *w = context;

	web_power_powered(w->power, ticket, answer);
}

void told_bmcs_known(void *context, json_t *known)
{
	struct web *w = context;

	web_power_bmcs_known(w->power, known);
}

void told_news(void *context, const char *session)
{
	struct web *w = context;

	web_api_news(&w->routes.api, session);
}

int told_sync_send(void *context, uint32_t id)
{
	struct web *w = context;
	const struct control_message m = {.type = CONTROL_SYNC, .id = id};

	return w->options->control_fd < 0 ? -ENOTCONN : control_send(w->options->control_fd, &m);
}

/* What asks for a boot program or an address, or has answered. */
static void wire_seen(struct web *w, const struct control_message *m, const char *mac, bool station)
{
	static const enum wire_kind kinds[CONTROL_CLIENTS] = {[CONTROL_CLIENT_OTHER] = WIRE_OTHER,
	        [CONTROL_CLIENT_PXE] = WIRE_PXE,
	        [CONTROL_CLIENT_HTTP] = WIRE_HTTP,
	        [CONTROL_CLIENT_IPXE] = WIRE_IPXE};
	char architecture[CONTROL_ARCHITECTURE_TEXT] = "";
	uint32_t client = m->id >> 16;
	int64_t now = w->fleet.clock();
	enum wire_kind kind = client < CONTROL_CLIENTS ? kinds[client] : WIRE_OTHER;

	if (m->kind == CONTROL_DHCP_SERVER)
		wire_server(&w->wire, m->ip, station ? mac : "", now);
	if (!station)
		return;
	if (m->kind == CONTROL_DHCP_DISCOVER)
		wire_judged(
		        &w->wire, mac, kind == WIRE_OTHER ? WIRE_PXE : kind, m->text, m->ok, now);
	else if (m->kind == CONTROL_DHCP_WINDOWS)
		wire_heard(&w->wire, mac, WIRE_WINDOWS, "", m->text, now);
	else if (m->kind == CONTROL_DHCP_HEARD) {
		control_architecture(m->id & 0xffff, architecture);
		wire_heard(&w->wire, mac, kind, architecture, m->text, now);
	}
}

/* Firmware, or the boot program, looks for somebody who answers. */
static int question_seen(struct web *w, const struct control_message *m, const char *mac)
{
	char architecture[CONTROL_ARCHITECTURE_TEXT];

	if (!m->ok || m->id >> 16 == CONTROL_CLIENT_OTHER)
		return 0;
	control_architecture(m->id & 0xffff, architecture);
	return fleet_pxe_seen(&w->fleet, mac, m->uuid, architecture);
}

static bool is_uefi_x64(uint32_t architecture)
{
	return architecture == 7 || architecture == 9; /* RFC 4578 and its errata */
}

/* dnsmasq named a boot program. UEFI x64 by PXE is the firmware there are two for. */
static int answer_seen(struct web *w, const struct control_message *m, const char *mac)
{
	uint32_t client = m->id >> 16;
	bool changed = false, choice = client == CONTROL_CLIENT_PXE && is_uefi_x64(m->id & 0xffff);
	int r = fleet_answered(&w->fleet, mac,
	        client == CONTROL_CLIENT_IPXE ? FLEET_ASKER_IPXE
	        : choice                      ? FLEET_ASKER_CHOICE
	                                      : FLEET_ASKER_ONE,
	        &changed);

	if (changed)
		(void)sync_request(&w->sync, http_clock());
	return r;
}

static void dhcp_seen(struct web *w, const struct control_message *m)
{
	char mac[MAC_TEXT];
	int r = 0;

	(void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m->mac[0], m->mac[1],
	        m->mac[2], m->mac[3], m->mac[4], m->mac[5]);
	/* What is no station's address is dropped. */
	bool station = mac_normalise(mac, mac) == 0;
	wire_seen(w, m, mac, station);
	if (m->kind == CONTROL_DHCP_BOOT_FILE)
		r = fleet_boot_file_sent(&w->fleet, m->ip, m->text);
	else if (station && m->kind == CONTROL_DHCP_DISCOVER && m->ok)
		r = answer_seen(w, m, mac);
	else if (station && m->kind == CONTROL_DHCP_HEARD)
		r = question_seen(w, m, mac);
	else if (station && m->kind == CONTROL_DHCP_WINDOWS)
		r = fleet_windows_by_mac(&w->fleet, mac, "Windows asked for an address");
	else if (station && m->kind == CONTROL_DHCP_NEIGHBOUR)
		r = fleet_neighbour(&w->fleet, mac, m->ip, m->id);
	if (r < 0)
		log_error("DHCP event of %s: %s", mac, strerror(-r));
}

/* One message; false when there is none. */
static bool control_take(struct web *w)
{
	struct web_api *a = &w->routes.api;
	struct control_message m;
	int r = control_receive(w->options->control_fd, &m);

	if (r == -EPIPE) {
		log_info("the supervisor is gone: stopping");
		w->stop = true;
	} else if (r < 0 && r != -EAGAIN) {
		log_error("message from the supervisor: %s", strerror(-r));
	} else if (r == 0 && m.type == CONTROL_SYNC_DONE) {
		if (!m.ok)
			log_error("dnsmasq did not read the answer list: %s", m.text);
		sync_done(&w->sync, m.id, http_clock());
		http_wake(w->https, WAKE_SYNC);
	} else if (r == 0 && m.type == CONTROL_DHCP) {
		dhcp_seen(w, &m);
	} else if (r == 0 && m.type == CONTROL_CLOCK) {
		a->clock = m.ok ? API_CLOCK_SYNCHRONISED : API_CLOCK_UNSYNCHRONISED;
		web_api_appliance_changed(a);
	} else if (r == 0 && m.type == CONTROL_HEALTH) {
		a->dhcp_ok = m.ok;
		(void)snprintf(a->dhcp_text, sizeof(a->dhcp_text), "%s", m.text);
		web_api_appliance_changed(a);
	}
	return r == 0 || r == -EPROTO;
}

void told_control(void *context, uint32_t events)
{
	struct web *w = context;

	(void)events;
	/* A floor that powers on: what the turn has stored comes to the disk together. */
	for (int i = 0; i < CONTROL_TURN && control_take(w); i++)
		;
}

void told_hashed(void *context, uint32_t events)
{
	struct web *w = context;

	(void)events;
	web_api_hashed(&w->routes.api);
}

void told_signal(void *context, uint32_t events)
{
	struct web *w = context;

	(void)events;
	w->stop = true;
}
