/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/control.h"
#include "appliance/web/process.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

void told_escrow_answer(void *context, int64_t session, json_t *answer)
{
	struct web *w = context;

	web_api_release_answer(&w->routes.api, session, answer);
}

int told_sync_send(void *context, uint32_t id)
{
	struct web *w = context;
	const struct control_message m = {.type = CONTROL_SYNC, .id = id};

	return w->options->control_fd < 0 ? -ENOTCONN : control_send(w->options->control_fd, &m);
}

static void dhcp_seen(struct web *w, const struct control_message *m)
{
	char mac[MAC_TEXT];
	int r = 0;

	(void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m->mac[0], m->mac[1],
	        m->mac[2], m->mac[3], m->mac[4], m->mac[5]);
	/* What is no station's address is dropped. */
	bool station = mac_normalise(mac, mac) == 0;
	if (m->kind == CONTROL_DHCP_BOOT_FILE)
		r = fleet_boot_file_sent(&w->fleet, m->ip, m->text);
	else if (station && m->kind == CONTROL_DHCP_DISCOVER)
		r = fleet_pxe_seen(&w->fleet, mac, m->text);
	else if (station && m->kind == CONTROL_DHCP_WINDOWS)
		r = fleet_windows_by_mac(&w->fleet, mac, "Windows asked for an address");
	if (r < 0)
		log_error("DHCP event of %s: %s", mac, strerror(-r));
}

void told_control(void *context, uint32_t events)
{
	struct web *w = context;
	struct web_api *a = &w->routes.api;
	struct control_message m;
	int r = control_receive(w->options->control_fd, &m);

	(void)events;
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
	} else if (r == 0 && m.type == CONTROL_HEALTH) {
		a->dhcp_ok = m.ok;
		(void)snprintf(a->dhcp_text, sizeof(a->dhcp_text), "%s", m.text);
		web_api_appliance_changed(a);
	}
}

void told_signal(void *context, uint32_t events)
{
	struct web *w = context;

	(void)events;
	w->stop = true;
}
