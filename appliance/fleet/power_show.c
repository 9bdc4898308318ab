/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/power_show.h"
#include "appliance/fleet/power_note.h"

#include <errno.h>
#include <stdio.h>

json_t *power_object(const struct store_power *p, const char *name)
{
	char bmc[BMC_TYPE_TEXT + BMC_ADDRESS_TEXT + 1];

	(void)snprintf(bmc, sizeof(bmc), "%s%s%s", p->type, p->type[0] ? " " : "", p->address);
	return json_pack("{s:I, s:I, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, "
	                 "s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s}",
	        "id", (json_int_t)p->id, "machine", (json_int_t)p->machine, "name", name, "order",
	        power_what_name(p->what), "force", p->force, "state", power_progress_name(p->state),
	        "reason", reason_code(p->reason), "severity", reason_severity(p->reason), "title",
	        reason_title(p->reason), "advice", reason_advice(p->reason), "text", p->text, "bmc",
	        bmc, "tries", p->tries, "by", p->by, "why", p->why, "campaign",
	        (json_int_t)p->campaign, "created", (json_int_t)p->created, "begun",
	        (json_int_t)p->begun, "driven", (json_int_t)p->driven, "ended",
	        (json_int_t)p->ended, "power", p->power, "boot", p->boot, "rack", p->rack, "feed",
	        p->feed);
}

int power_latest(struct store *s, int64_t machine, struct store_power *ret)
{
	return store_power_of_others(s, machine, POWER_BY_APPLIANCE, ret);
}

static int order_of(struct store *s, int64_t machine, json_t **ret)
{
	struct store_power p;
	int r = power_latest(s, machine, &p);

	if (r == -ENOENT) {
		*ret = json_null();
		return 0;
	}
	if (r < 0)
		return r;
	json_t *order = power_object(&p, ""),
	       *steps = p.steps ? json_loads(p.steps, 0, NULL) : NULL;
	store_power_free(&p);
	(void)json_object_del(order, "name");
	if (json_object_set_new(order, "steps", steps ? steps : json_array()) < 0) {
		json_decref(order);
		return -ENOMEM;
	}
	*ret = order;
	return 0;
}

int power_show(struct store *s, int64_t machine, json_t **ret)
{
	char bmc[BMC_TYPE_TEXT + BMC_ADDRESS_TEXT + 1] = "";
	struct store_bmc known;
	json_t *order = NULL;
	int r = store_bmc_get(s, machine, "", &known);

	if (r == 0)
		(void)snprintf(bmc, sizeof(bmc), "%s %s", known.type, known.address);
	if (r == 0 || r == -ENOENT)
		r = order_of(s, machine, &order);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:o}", "bmc", bmc, "order", order);
	return *ret ? 0 : -ENOMEM;
}
