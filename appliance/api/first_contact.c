/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POST /v1/boot: a machine that no boot script told what to do. */
#include "appliance/api/call.h"
#include "appliance/api/input.h"
#include "appliance/boot/decide.h"
#include "appliance/fleet/identity.h"
#include "netmend/version.h"
#include "netmend/wire.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BUSY_SECONDS 30

int input_first_contact(json_t *root, struct fleet_identity *ret, struct error *err)
{
	struct fleet_identity i = {0};
	const char *way, *mac, *uuid, *serial, *asset, *manufacturer, *product, *platform, *arch;
	int v;

	int r = input_unpack(root, err, "body",
	        "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "v", &v, "way", &way, "mac",
	        &mac, "uuid", &uuid, "serial", &serial, "asset", &asset, "manufacturer",
	        &manufacturer, "product", &product, "platform", &platform, "arch", &arch);
	if (r == 0)
		r = input_version(v, err);
	if (r == 0)
		r = input_check(strcmp(way, WIRE_WAY_GRUB) == 0 || strcmp(way, WIRE_WAY_MEDIA) == 0,
		        "way", err);
	if (r == 0)
		r = input_check(mac_normalise(mac, i.mac) == 0, "mac", err);
	if (r == 0)
		r = input_check(strcmp(platform, "efi") == 0 || strcmp(platform, "pcbios") == 0,
		        "platform", err);
	if (r == 0)
		r = input_word(arch, "arch", err);
	if (r < 0)
		return r;
	i.way = strcmp(way, WIRE_WAY_MEDIA) == 0 ? FLEET_WAY_MEDIA : FLEET_WAY_GRUB;
	identity_uuid(uuid, i.uuid);
	identity_serial(serial, i.serial);
	identity_string(asset, i.asset);
	identity_string(manufacturer, i.manufacturer);
	identity_string(product, i.product);
	*ret = i;
	return 0;
}

static void reply_decision(struct http_request *r, const struct boot_decision *d)
{
	static const char *const nexts[] = {[FLEET_REMEDIATE] = WIRE_BOOT_REMEDIATE,
	        [FLEET_LOCAL] = WIRE_BOOT_LOCAL,
	        [FLEET_HOLD] = WIRE_BOOT_HOLD};
	const struct machine *m = &d->machine;

	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:s, s:i, s:s, s:i, s:b, s:s, s:s}", "v",
	                NETMEND_WIRE_VERSION, "next", nexts[d->what], "token", d->token, "wait",
	                d->seconds, "name", boot_shown_name(m), "attempt", m->attempt, "dry_run",
	                d->dry_run, "reason", reason_code(m->reason), "text", m->text));
}

/* Nothing is decided: it may be a floor behind one address, or somebody who tries MACs. */
static void reply_busy(struct http_request *r)
{
	struct boot_decision d = {.what = FLEET_HOLD, .machine.reason = REASON_TRY_LATER};

	d.seconds = BUSY_SECONDS + (int)randombytes_uniform(BUSY_SECONDS);
	reply_decision(r, &d);
}

void web_api_first_contact(struct http_request *r, struct web_api *a)
{
	struct fleet_identity identity;
	struct boot_decision d;
	struct error err = {0};
	json_t *body;

	if (!call_body(r, &body))
		return;
	int e = input_first_contact(body, &identity, &err);
	json_decref(body);
	if (e < 0) {
		call_refuse(r, &err);
		return;
	}
	if (!rate_take(&a->first_contacts, r->address, NM_FIRST_CONTACTS, http_clock())) {
		reply_busy(r);
		return;
	}
	(void)snprintf(identity.ip, sizeof(identity.ip), "%s", r->address);
	e = boot_decide(a->fleet, a->dry_run, &identity, &d);
	if (e < 0) {
		call_failed(r, "first contact", e);
		return;
	}
	reply_decision(r, &d);
	sodium_memzero(d.token, sizeof(d.token));
}
