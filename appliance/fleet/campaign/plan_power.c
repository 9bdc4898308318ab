/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of a plan that says whether machines are switched by their management controllers. */
#include "appliance/fleet/campaign/plan_values.h"

#include <stdio.h>

int plan_power_take(struct plan *p, const json_t *given, struct error *err)
{
	static const char *const names[] = {"drive", "at_once", "per_rack", "per_feed", NULL};
	struct plan_power *power = &p->power;

	int r = plan_default(p->root, "power", json_object());
	json_t *json = json_object_get(p->root, "power");
	if (r == 0)
		r = plan_known(json, "power", names, err);
	if (r == 0)
		r = plan_default(json, "drive", json_false());
	if (r == 0)
		r = plan_default(json, "at_once", json_integer(20));
	if (r == 0)
		r = plan_default(json, "per_rack", json_integer(2));
	if (r == 0)
		r = plan_default(json, "per_feed", json_integer(0));
	if (r == 0)
		r = plan_boolean(json, "drive", &power->drive, err);
	if (r == 0)
		r = plan_integer(json, "at_once", 1, NM_POWER_AT_ONCE, &power->at_once, err);
	if (r == 0)
		r = plan_integer(json, "per_rack", 0, PLAN_POWER_GROUP_MAX, &power->per_rack, err);
	if (r == 0)
		r = plan_integer(json, "per_feed", 0, PLAN_POWER_GROUP_MAX, &power->per_feed, err);
	const char *missing = r == 0 && given ? plan_missing(json, given) : NULL;
	return missing ? plan_bad(err, missing, "missing") : r;
}

/* ", 2 of a rack"; nothing without a limit. */
static void limit_words(const json_t *power, const char *name, const char *of, char ret[40])
{
	json_int_t limit = json_integer_value(json_object_get(power, name));

	ret[0] = '\0';
	if (limit)
		(void)snprintf(ret, 40, ", %" JSON_INTEGER_FORMAT " of a %s", limit, of);
}

void plan_power_words(const json_t *plan, char ret[PLAN_POWER_WORDS])
{
	const json_t *power = json_object_get(plan, "power");
	char rack[40], feed[40];

	ret[0] = '\0';
	if (!json_is_true(json_object_get(power, "drive")))
		return;
	limit_words(power, "per_rack", "rack", rack);
	limit_words(power, "per_feed", "power feed", feed);
	(void)snprintf(ret, PLAN_POWER_WORDS,
	        "by their management controllers: %" JSON_INTEGER_FORMAT " at once%s%s",
	        json_integer_value(json_object_get(power, "at_once")), rack, feed);
}
