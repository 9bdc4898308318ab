/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/plan_values.h"
#include "fixer/windows/recipe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool plan_subnet(const char *text, uint32_t *address, uint32_t *mask)
{
	char copy[24], *end;
	struct in_addr a;
	const char *slash = strchr(text, '/');

	if (!slash || strlen(text) >= sizeof(copy))
		return false;
	(void)snprintf(copy, sizeof(copy), "%.*s", (int)(slash - text), text);
	long bits = strtol(slash + 1, &end, 10);
	if (end == slash + 1 || *end || bits < 0 || bits > 32 || slash[1] == '-' ||
	        slash[1] == '+' || inet_pton(AF_INET, copy, &a) != 1)
		return false;
	*mask = bits ? UINT32_MAX << (32 - bits) : 0;
	*address = ntohl(a.s_addr) & *mask;
	return true;
}

static int scope_take(struct plan *p, struct error *err)
{
	static const char *const names[] = {
	        "all", "sites", "floors", "owners", "rings", "subnets", "machines", NULL};
	json_t *scope = json_object_get(p->root, "scope"), *value;
	uint32_t address, mask;
	size_t i;

	int r = plan_known(scope, "scope", names, err);
	if (r == 0)
		r = plan_default(scope, "all", json_false());
	if (r == 0)
		r = plan_boolean(scope, "all", &p->scope.all, err);
	if (r == 0)
		r = plan_lists_take(scope, "scope", &p->scope.lists, err);
	if (r == 0)
		r = plan_list_take(scope, "subnets", "scope", false, &p->scope.subnets, err);
	if (r == 0)
		r = plan_list_take(scope, "machines", "scope", true, &p->scope.machines, err);
	if (r < 0)
		return r;
	json_array_foreach(p->scope.subnets, i, value)
	{
		if (!plan_subnet(json_string_value(value), &address, &mask))
			return plan_bad(err, "scope.subnets", "not a network as in 10.1.0.0/16");
	}
	const struct plan_lists *l = &p->scope.lists;
	if (!p->scope.all && !json_array_size(l->sites) && !json_array_size(l->floors) &&
	        !json_array_size(l->owners) && !json_array_size(l->rings) &&
	        !json_array_size(p->scope.subnets) && !json_array_size(p->scope.machines))
		return plan_bad(err, "scope", "names no machine: all, or a list");
	return 0;
}

static int opens_take(json_t *wave, struct plan_wave *w, struct error *err)
{
	static const char *const names[] = {"by_hand", "returned_percent", "minutes", NULL};

	int r = plan_default(wave, "opens", json_object());
	json_t *opens = json_object_get(wave, "opens");
	if (r == 0)
		r = plan_known(opens, "opens", names, err);
	if (r == 0)
		r = plan_default(opens, "by_hand", json_false());
	if (r == 0)
		r = plan_default(opens, "returned_percent", json_integer(100));
	if (r == 0)
		r = plan_default(opens, "minutes", json_integer(0));
	if (r == 0)
		r = plan_boolean(opens, "by_hand", &w->by_hand, err);
	if (r == 0)
		r = plan_integer(opens, "returned_percent", 0, 100, &w->returned_percent, err);
	if (r == 0)
		r = plan_integer(opens, "minutes", 0, PLAN_MINUTES_MAX, &w->minutes, err);
	return r;
}

static int wave_take(json_t *wave, struct plan_wave *w, struct error *err)
{
	static const char *const names[] = {
	        "name", "sites", "floors", "owners", "rings", "machines", "percent", "opens", NULL};
	const char *name;

	int r = plan_known(wave, "waves", names, err);
	if (r < 0)
		return r;
	name = json_string_value(json_object_get(wave, "name"));
	r = name ? plan_text(w->name, sizeof(w->name), name, "waves.name", err)
	         : plan_bad(err, "waves.name", "missing");
	if (r == 0)
		r = plan_lists_take(wave, "waves", &w->lists, err);
	if (r == 0)
		r = plan_default(wave, "machines", json_integer(0));
	if (r == 0)
		r = plan_default(wave, "percent", json_integer(0));
	if (r == 0)
		r = plan_integer(wave, "machines", 0, PLAN_COUNT_MAX, &w->machines, err);
	if (r == 0)
		r = plan_integer(wave, "percent", 0, 100, &w->percent, err);
	if (r == 0 && w->machines && w->percent)
		r = plan_bad(err, "waves.percent", "a number of machines and a share: one of them");
	return r < 0 ? r : opens_take(wave, w, err);
}

static int waves_take(struct plan *p, struct error *err)
{
	json_t *list, *value;
	size_t i;

	int r = plan_default(p->root, "waves", json_array());
	if (r < 0)
		return r;
	list = json_object_get(p->root, "waves");
	if (!json_is_array(list) || json_array_size(list) > NM_MAX_WAVES)
		return plan_bad(err, "waves", "not a list of 32 waves at most");
	json_array_foreach(list, i, value)
	{
		r = wave_take(value, &p->waves[i], err);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (strcmp(p->waves[k].name, p->waves[i].name) == 0)
				r = plan_bad(err, "waves.name", "two waves of one name");
		if (r == 0 && strcmp(p->waves[i].name, "rest") == 0)
			r = plan_bad(
			        err, "waves.name", "the last wave, of those left, is called rest");
		if (r < 0)
			return r;
	}
	p->wave_count = json_array_size(list);
	return 0;
}

static int stop_take(struct plan *p, struct error *err)
{
	static const char *const names[] = {"failed_percent", "at_least", NULL};

	int r = plan_default(p->root, "stop", json_object());
	json_t *stop = json_object_get(p->root, "stop");
	if (r == 0)
		r = plan_known(stop, "stop", names, err);
	if (r == 0)
		r = plan_default(stop, "failed_percent", json_integer(10));
	if (r == 0)
		r = plan_default(stop, "at_least", json_integer(2));
	if (r == 0)
		r = plan_integer(stop, "failed_percent", 0, 100, &p->stop_percent, err);
	if (r == 0)
		r = plan_integer(stop, "at_least", 1, PLAN_COUNT_MAX, &p->stop_at_least, err);
	return r;
}

/* A built-in one's name, or the text itself. */
static int recipe_take(struct plan *p, struct error *err)
{
	struct recipe recipe;

	int r = plan_default(p->root, "recipe", json_string(RECIPE_DEFAULT));
	if (r < 0)
		return r;
	const char *value = json_string_value(json_object_get(p->root, "recipe"));
	const char *text = value ? recipe_builtin_text(value) : NULL;
	if (!text)
		text = value;
	if (!value || (text == value && !strchr(value, '[')))
		return plan_bad(
		        err, "recipe", "neither the name of a built-in recipe nor a recipe");
	r = recipe_parse(text, strlen(text), &recipe, err);
	if (r < 0)
		return r;
	p->recipe = strdup(text);
	return p->recipe ? 0 : -ENOMEM;
}

static int approval_take(struct plan *p, struct error *err)
{
	static const char *const names[] = {"config", "auto", "pairing", "two-person"};

	int r = plan_default(p->root, "approval", json_string("config"));
	if (r < 0)
		return r;
	const char *value = json_string_value(json_object_get(p->root, "approval"));
	for (size_t i = 0; value && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(value, names[i]) == 0) {
			(void)snprintf(p->approval, sizeof(p->approval), "%s", value);
			return 0;
		}
	return plan_bad(err, "approval", "config, auto, pairing or two-person");
}

static int window_take(struct plan *p, struct error *err)
{
	int r = plan_default(p->root, "from", json_integer(0));

	if (r == 0)
		r = plan_default(p->root, "until", json_integer(0));
	if (r == 0)
		r = plan_moment(p->root, "from", &p->from, err);
	if (r == 0)
		r = plan_moment(p->root, "until", &p->until, err);
	if (r == 0 && p->until && p->until <= p->from)
		r = plan_bad(err, "until", "not after from");
	return r;
}

static int root_take(struct plan *p, struct error *err)
{
	static const char *const names[] = {"name", "recipe", "scope", "from", "until", "approval",
	        "dry_run", "start_order", "waves", "stop", "power", NULL};

	int r = plan_known(p->root, "plan", names, err);
	if (r < 0)
		return r;
	const char *name = json_string_value(json_object_get(p->root, "name"));
	r = name ? plan_text(p->name, sizeof(p->name), name, "name", err)
	         : plan_bad(err, "name", "missing");
	if (r == 0)
		r = plan_default(p->root, "dry_run", json_false());
	if (r == 0)
		r = plan_default(p->root, "start_order", json_true());
	if (r == 0)
		r = plan_boolean(p->root, "dry_run", &p->dry_run, err);
	if (r == 0)
		r = plan_boolean(p->root, "start_order", &p->start_order, err);
	return r;
}

int plan_read(const json_t *json, bool whole, struct plan *ret, struct error *err)
{
	struct plan p = {.root = json_deep_copy(json)};

	if (!p.root)
		return -ENOMEM;
	int r = root_take(&p, err);
	if (r == 0)
		r = recipe_take(&p, err);
	if (r == 0)
		r = scope_take(&p, err);
	if (r == 0)
		r = window_take(&p, err);
	if (r == 0)
		r = approval_take(&p, err);
	if (r == 0)
		r = waves_take(&p, err);
	if (r == 0)
		r = stop_take(&p, err);
	const char *missing = r == 0 && whole ? plan_missing(p.root, json) : NULL;
	if (missing)
		r = plan_bad(err, missing, "missing");
	if (r == 0)
		r = plan_power_take(&p, whole ? json_object_get(json, "power") : NULL, err);
	if (r < 0)
		plan_clear(&p);
	else
		*ret = p;
	return r;
}

int plan_parse(const char *text, size_t len, struct plan *ret, struct error *err)
{
	json_error_t where;

	if (len > NM_MAX_PLAN)
		return plan_bad(err, "plan", "larger than 64 KiB");
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	if (!json)
		return error_set(err, -EINVAL, REASON_VALUE_BAD, "plan: line %d: %s", where.line,
		        where.text);
	int r = plan_read(json, false, ret, err);
	json_decref(json);
	return r;
}

void plan_clear(struct plan *p)
{
	json_decref(p->root);
	free(p->recipe);
	*p = (struct plan){0};
}
