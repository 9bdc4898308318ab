/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET /api/v1/wire */
#include "appliance/fleet/wire.h"
#include "appliance/api/call.h"

static int wire_make(struct web_api *a, json_t **ret)
{
	const struct fleet *f = a->fleet;

	return wire_show(f->store, f->clock(), f->scope_all, a->dhcp_text, ret);
}

void web_api_wire(struct http_request *r, struct web_api *a)
{
	kept_reply(r, a, &a->wire, "wire", wire_make);
}
