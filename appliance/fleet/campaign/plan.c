/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/plan.h"
#include "fixer/base/text.h"
#include "fixer/windows/recipe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of all lists together; what a plan may hold at most anyway. */
#define LIST_MAX  8192
#define COUNT_MAX 1000000
/* Year 2286: beyond it is a mistake of units. */
#define TIME_MAX INT64_C(9999999999999)

static int bad(struct error *err, const char *field, const char *what)
{
	return error_set(err, -EINVAL, REASON_VALUE_BAD, "%s: %s", field, what);
}

static int range(
        json_int_t value, json_int_t low, json_int_t high, const char *field, struct error *err)
{
	if (value < low || value > high)
		return error_set(err, -EINVAL, REASON_VALUE_BAD, "%s: not from %lld to %lld", field,
		        (long long)low, (long long)high);
	return 0;
}

/* Text of a person: not empty, no control characters, at most size - 1 bytes. */
static int text_take(char *dst, size_t size, const char *src, const char *field, struct error *err)
{
	char clean[NM_MAX_NAME + 2];

	text_clean(clean, sizeof(clean), src);
	if (!src[0] || strlen(src) >= size || strcmp(clean, src) != 0)
		return bad(err, field, "empty, too long, or with control characters");
	(void)snprintf(dst, size, "%s", src);
	return 0;
}

/* The list of that name, made when it is not there. */
static int list_take(json_t *object, const char *name, const char *where, bool numbers,
        json_t **ret, struct error *err)
{
	char field[80], item[NM_MAX_NAME + 1];
	json_t *list = json_object_get(object, name), *value;
	size_t i;
	int r = 0;

	(void)snprintf(field, sizeof(field), "%s.%s", where, name);
	if (!list) {
		list = json_array();
		if (json_object_set_new(object, name, list) < 0)
			return -ENOMEM;
	}
	if (!json_is_array(list) || json_array_size(list) > LIST_MAX)
		return bad(err, field, "not a list, or too long");
	json_array_foreach(list, i, value)
	{
		if (numbers && json_is_integer(value))
			r = range(json_integer_value(value), 1, INT64_MAX, field, err);
		else if (json_is_string(value))
			r = text_take(item, sizeof(item), json_string_value(value), field, err);
		else
			r = bad(err, field, "not a text");
		if (r < 0)
			return r;
	}
	*ret = list;
	return 0;
}

static int lists_take(json_t *object, const char *where, struct plan_lists *l, struct error *err)
{
	int r = list_take(object, "sites", where, false, &l->sites, err);

	if (r == 0)
		r = list_take(object, "floors", where, false, &l->floors, err);
	if (r == 0)
		r = list_take(object, "owners", where, false, &l->owners, err);
	if (r == 0)
		r = list_take(object, "rings", where, false, &l->rings, err);
	return r;
}

/* Fields of that object that nobody knows. */
static int known(json_t *object, const char *where, const char *const *names, struct error *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return bad(err, where, "not an object");
	json_object_foreach(object, name, value)
	{
		size_t i = 0;
		while (names[i] && strcmp(names[i], name) != 0)
			i++;
		if (!names[i])
			return error_set(err, -EINVAL, REASON_VALUE_BAD, "%s: unknown field %.40s",
			        where, name);
	}
	return 0;
}

/* What is not there becomes this. Takes over value. */
static int put_default(json_t *object, const char *name, json_t *value)
{
	if (json_object_get(object, name)) {
		json_decref(value);
		return 0;
	}
	return json_object_set_new(object, name, value) < 0 ? -ENOMEM : 0;
}

static int boolean(json_t *object, const char *name, bool *ret, struct error *err)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_boolean(value))
		return bad(err, name, "not true or false");
	*ret = json_is_true(value);
	return 0;
}

static int integer(json_t *object, const char *name, json_int_t low, json_int_t high, int *ret,
        struct error *err)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		return bad(err, name, "not a whole number");
	int r = range(json_integer_value(value), low, high, name, err);
	if (r == 0)
		*ret = (int)json_integer_value(value);
	return r;
}

static int moment(json_t *object, const char *name, int64_t *ret, struct error *err)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		return bad(err, name, "not a time in milliseconds");
	int r = range(json_integer_value(value), 0, TIME_MAX, name, err);
	if (r == 0)
		*ret = json_integer_value(value);
	return r;
}

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

	int r = known(scope, "scope", names, err);
	if (r == 0)
		r = put_default(scope, "all", json_false());
	if (r == 0)
		r = boolean(scope, "all", &p->scope.all, err);
	if (r == 0)
		r = lists_take(scope, "scope", &p->scope.lists, err);
	if (r == 0)
		r = list_take(scope, "subnets", "scope", false, &p->scope.subnets, err);
	if (r == 0)
		r = list_take(scope, "machines", "scope", true, &p->scope.machines, err);
	if (r < 0)
		return r;
	json_array_foreach(p->scope.subnets, i, value)
	{
		if (!plan_subnet(json_string_value(value), &address, &mask))
			return bad(err, "scope.subnets", "not a network as in 10.1.0.0/16");
	}
	const struct plan_lists *l = &p->scope.lists;
	if (!p->scope.all && !json_array_size(l->sites) && !json_array_size(l->floors) &&
	        !json_array_size(l->owners) && !json_array_size(l->rings) &&
	        !json_array_size(p->scope.subnets) && !json_array_size(p->scope.machines))
		return bad(err, "scope", "names no machine: all, or a list");
	return 0;
}

static int opens_take(json_t *wave, struct plan_wave *w, struct error *err)
{
	static const char *const names[] = {"by_hand", "returned_percent", "minutes", NULL};

	int r = put_default(wave, "opens", json_object());
	json_t *opens = json_object_get(wave, "opens");
	if (r == 0)
		r = known(opens, "opens", names, err);
	if (r == 0)
		r = put_default(opens, "by_hand", json_false());
	if (r == 0)
		r = put_default(opens, "returned_percent", json_integer(100));
	if (r == 0)
		r = put_default(opens, "minutes", json_integer(0));
	if (r == 0)
		r = boolean(opens, "by_hand", &w->by_hand, err);
	if (r == 0)
		r = integer(opens, "returned_percent", 0, 100, &w->returned_percent, err);
	if (r == 0)
		r = integer(opens, "minutes", 0, PLAN_MINUTES_MAX, &w->minutes, err);
	return r;
}

static int wave_take(json_t *wave, struct plan_wave *w, struct error *err)
{
	static const char *const names[] = {
	        "name", "sites", "floors", "owners", "rings", "machines", "percent", "opens", NULL};
	const char *name;

	int r = known(wave, "waves", names, err);
	if (r < 0)
		return r;
	name = json_string_value(json_object_get(wave, "name"));
	r = name ? text_take(w->name, sizeof(w->name), name, "waves.name", err)
	         : bad(err, "waves.name", "missing");
	if (r == 0)
		r = lists_take(wave, "waves", &w->lists, err);
	if (r == 0)
		r = put_default(wave, "machines", json_integer(0));
	if (r == 0)
		r = put_default(wave, "percent", json_integer(0));
	if (r == 0)
		r = integer(wave, "machines", 0, COUNT_MAX, &w->machines, err);
	if (r == 0)
		r = integer(wave, "percent", 0, 100, &w->percent, err);
	if (r == 0 && w->machines && w->percent)
		r = bad(err, "waves.percent", "a number of machines and a share: one of them");
	return r < 0 ? r : opens_take(wave, w, err);
}

static int waves_take(struct plan *p, struct error *err)
{
	json_t *list, *value;
	size_t i;

	int r = put_default(p->root, "waves", json_array());
	if (r < 0)
		return r;
	list = json_object_get(p->root, "waves");
	if (!json_is_array(list) || json_array_size(list) > NM_MAX_WAVES)
		return bad(err, "waves", "not a list of 32 waves at most");
	json_array_foreach(list, i, value)
	{
		r = wave_take(value, &p->waves[i], err);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (strcmp(p->waves[k].name, p->waves[i].name) == 0)
				r = bad(err, "waves.name", "two waves of one name");
		if (r == 0 && strcmp(p->waves[i].name, "rest") == 0)
			r = bad(err, "waves.name", "the last wave, of those left, is called rest");
		if (r < 0)
			return r;
	}
	p->wave_count = json_array_size(list);
	return 0;
}

static int stop_take(struct plan *p, struct error *err)
{
	static const char *const names[] = {"failed_percent", "at_least", NULL};

	int r = put_default(p->root, "stop", json_object());
	json_t *stop = json_object_get(p->root, "stop");
	if (r == 0)
		r = known(stop, "stop", names, err);
	if (r == 0)
		r = put_default(stop, "failed_percent", json_integer(10));
	if (r == 0)
		r = put_default(stop, "at_least", json_integer(2));
	if (r == 0)
		r = integer(stop, "failed_percent", 0, 100, &p->stop_percent, err);
	if (r == 0)
		r = integer(stop, "at_least", 1, COUNT_MAX, &p->stop_at_least, err);
	return r;
}

/* A built-in one's name, or the text itself. */
static int recipe_take(struct plan *p, struct error *err)
{
	struct recipe recipe;

	int r = put_default(p->root, "recipe", json_string(RECIPE_DEFAULT));
	if (r < 0)
		return r;
	const char *value = json_string_value(json_object_get(p->root, "recipe"));
	const char *text = value ? recipe_builtin_text(value) : NULL;
	if (!text)
		text = value;
	if (!value || (text == value && !strchr(value, '[')))
		return bad(err, "recipe", "neither the name of a built-in recipe nor a recipe");
	r = recipe_parse(text, strlen(text), &recipe, err);
	if (r < 0)
		return r;
	p->recipe = strdup(text);
	return p->recipe ? 0 : -ENOMEM;
}

static int approval_take(struct plan *p, struct error *err)
{
	static const char *const names[] = {"config", "auto", "pairing", "two-person"};

	int r = put_default(p->root, "approval", json_string("config"));
	if (r < 0)
		return r;
	const char *value = json_string_value(json_object_get(p->root, "approval"));
	for (size_t i = 0; value && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(value, names[i]) == 0) {
			(void)snprintf(p->approval, sizeof(p->approval), "%s", value);
			return 0;
		}
	return bad(err, "approval", "config, auto, pairing or two-person");
}

static int window_take(struct plan *p, struct error *err)
{
	int r = put_default(p->root, "from", json_integer(0));

	if (r == 0)
		r = put_default(p->root, "until", json_integer(0));
	if (r == 0)
		r = moment(p->root, "from", &p->from, err);
	if (r == 0)
		r = moment(p->root, "until", &p->until, err);
	if (r == 0 && p->until && p->until <= p->from)
		r = bad(err, "until", "not after from");
	return r;
}

static int root_take(struct plan *p, struct error *err)
{
	static const char *const names[] = {"name", "recipe", "scope", "from", "until", "approval",
	        "dry_run", "start_order", "waves", "stop", NULL};

	int r = known(p->root, "plan", names, err);
	if (r < 0)
		return r;
	const char *name = json_string_value(json_object_get(p->root, "name"));
	r = name ? text_take(p->name, sizeof(p->name), name, "name", err)
	         : bad(err, "name", "missing");
	if (r == 0)
		r = put_default(p->root, "dry_run", json_false());
	if (r == 0)
		r = put_default(p->root, "start_order", json_true());
	if (r == 0)
		r = boolean(p->root, "dry_run", &p->dry_run, err);
	if (r == 0)
		r = boolean(p->root, "start_order", &p->start_order, err);
	return r;
}

/* The first field of full that is not in given; both have the same lists. NULL: none. */
static const char *missing_in(const json_t *full, const json_t *given)
{
	const char *name, *missing = NULL;
	json_t *value;
	size_t i;

	if (json_is_array(full))
		json_array_foreach(full, i, value)
		{
			missing = missing ? missing : missing_in(value, json_array_get(given, i));
		}
	if (json_is_object(full))
		json_object_foreach((json_t *)(uintptr_t)full, name, value)
		{
			const json_t *same = json_object_get(given, name);
			if (!missing)
				missing = same ? missing_in(value, same) : name;
		}
	return missing;
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
	const char *missing = r == 0 && whole ? missing_in(p.root, json) : NULL;
	if (missing)
		r = bad(err, missing, "missing");
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
		return bad(err, "plan", "larger than 64 KiB");
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
