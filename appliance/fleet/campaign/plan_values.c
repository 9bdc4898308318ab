/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/plan_values.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of all lists together; what a plan may hold at most anyway. */
#define LIST_MAX 8192
/* Year 2286: beyond it is a mistake of units. */
#define TIME_MAX INT64_C(9999999999999)

int plan_bad(struct error *err, const char *field, const char *what)
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

int plan_text(char *dst, size_t size, const char *src, const char *field, struct error *err)
{
	char clean[NM_MAX_NAME + 2];

	text_clean(clean, sizeof(clean), src);
	if (!src[0] || strlen(src) >= size || strcmp(clean, src) != 0)
		return plan_bad(err, field, "empty, too long, or with control characters");
	(void)snprintf(dst, size, "%s", src);
	return 0;
}

int plan_list_take(json_t *object, const char *name, const char *where, bool numbers, json_t **ret,
        struct error *err)
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
		return plan_bad(err, field, "not a list, or too long");
	json_array_foreach(list, i, value)
	{
		if (numbers && json_is_integer(value))
			r = range(json_integer_value(value), 1, INT64_MAX, field, err);
		else if (json_is_string(value))
			r = plan_text(item, sizeof(item), json_string_value(value), field, err);
		else
			r = plan_bad(err, field, "not a text");
		if (r < 0)
			return r;
	}
	*ret = list;
	return 0;
}

int plan_lists_take(json_t *object, const char *where, struct plan_lists *l, struct error *err)
{
	int r = plan_list_take(object, "sites", where, false, &l->sites, err);

	if (r == 0)
		r = plan_list_take(object, "floors", where, false, &l->floors, err);
	if (r == 0)
		r = plan_list_take(object, "owners", where, false, &l->owners, err);
	if (r == 0)
		r = plan_list_take(object, "rings", where, false, &l->rings, err);
	return r;
}

int plan_known(json_t *object, const char *where, const char *const *names, struct error *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return plan_bad(err, where, "not an object");
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

int plan_default(json_t *object, const char *name, json_t *value)
{
	if (json_object_get(object, name)) {
		json_decref(value);
		return 0;
	}
	return json_object_set_new(object, name, value) < 0 ? -ENOMEM : 0;
}

int plan_boolean(json_t *object, const char *name, bool *ret, struct error *err)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_boolean(value))
		return plan_bad(err, name, "not true or false");
	*ret = json_is_true(value);
	return 0;
}

int plan_integer(json_t *object, const char *name, json_int_t low, json_int_t high, int *ret,
        struct error *err)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		return plan_bad(err, name, "not a whole number");
	int r = range(json_integer_value(value), low, high, name, err);
	if (r == 0)
		*ret = (int)json_integer_value(value);
	return r;
}

int plan_moment(json_t *object, const char *name, int64_t *ret, struct error *err)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		return plan_bad(err, name, "not a time in milliseconds");
	int r = range(json_integer_value(value), 0, TIME_MAX, name, err);
	if (r == 0)
		*ret = json_integer_value(value);
	return r;
}

const char *plan_missing(const json_t *full, const json_t *given)
{
	const char *name, *missing = NULL;
	json_t *value;
	size_t i;

	if (json_is_array(full))
		json_array_foreach(full, i, value)
		{
			missing = missing ? missing : plan_missing(value, json_array_get(given, i));
		}
	if (json_is_object(full))
		json_object_foreach((json_t *)(uintptr_t)full, name, value)
		{
			const json_t *same = json_object_get(given, name);
			if (!missing)
				missing = same ? plan_missing(value, same) : name;
		}
	return missing;
}
