/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A boot without a token (GRUB, media): the machine asks the appliance what it is to do. */
#include "fixer/base/json_text.h"
#include "fixer/base/screen.h"
#include "fixer/session_internal.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static json_t *request(const struct session *s)
{
	const uint8_t *mac = s->params.mac;
	const struct machine_identity *m = &s->machine;
	struct utsname kernel = {0};
	char port[MAC_TEXT];

	(void)uname(&kernel);
	(void)snprintf(port, sizeof(port), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
	        mac[3], mac[4], mac[5]);
	return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "v",
	        NETMEND_WIRE_VERSION, "way", s->params.way, "mac", port, "uuid", json_text(m->uuid),
	        "serial", json_text(m->serial), "asset", json_text(m->asset), "manufacturer",
	        json_text(m->manufacturer), "product", json_text(m->product), "platform",
	        m->uefi ? "efi" : "pcbios", "arch", kernel.machine);
}

static int ask(struct session *s, struct api_boot *ret, struct error *err)
{
	session_show(s, "ASKING THE APPLIANCE", s->params.url);
	json_t *body = request(s);
	if (!body)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the request");
	int r = api_first_contact(s->api, body, ret, err);
	json_decref(body);
	return r;
}

static void show(struct session *s, const struct api_boot *b)
{
	screen_machine(b->name[0] ? b->name : s->machine.product);
	session_show_reason(s, b->reason, b->text);
	if (b->step == BOOT_HOLD)
		screen_line("asking again in %u s; leave it on", b->wait);
	else
		screen_line("not to be repaired: restarting in %u s%s", b->wait,
		        strcmp(s->params.way, WIRE_WAY_MEDIA) == 0 ? "; take the medium out" : "");
}

int session_first_contact(struct session *s, bool *ret_go_on, struct error *err)
{
	struct api_boot b;

	for (*ret_go_on = !s->params.way[0]; !*ret_go_on;) {
		int r = ask(s, &b, err);
		if (r < 0)
			return r;
		if (b.step == BOOT_REMEDIATE) {
			memcpy(s->params.token, b.token, sizeof(s->params.token));
			s->params.dry_run |= b.dry_run;
			secret_wipe(b.token, sizeof(b.token));
			*ret_go_on = true;
			return 0;
		}
		show(s, &b);
		(void)sleep(b.wait);
		if (b.step == BOOT_LOCAL)
			return 0;
	}
	return 0;
}
