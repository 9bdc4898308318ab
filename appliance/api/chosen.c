/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/chosen.h"
#include "appliance/api/input.h"
#include "appliance/fleet/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MACHINES_MAX 100000

struct choice {
	const struct machine_filter *filter;
	struct chosen *to;
};

static int add(struct chosen *c, int64_t id)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		int64_t *all = reallocarray(c->all, room, sizeof(*all));
		if (!all)
			return -ENOMEM;
		c->all = all;
		c->room = room;
	}
	c->all[c->count++] = id;
	return 0;
}

static int machine_each(const struct machine *m, void *context)
{
	struct choice *choice = context;

	return machine_matches(choice->filter, m) ? add(choice->to, m->id) : 0;
}

static int listed(json_t *list, struct chosen *ret, struct error *err)
{
	json_t *value;
	size_t i;
	int r = 0;

	if (!json_is_array(list) || json_array_size(list) > MACHINES_MAX)
		return input_bad(err, "machines: not a list of at most %d", MACHINES_MAX);
	json_array_foreach(list, i, value)
	{
		if (!json_is_integer(value))
			return input_bad(err, "machines[%zu]: not a number", i);
		r = add(ret, json_integer_value(value));
		if (r < 0)
			return r;
	}
	return r;
}

static int filtered(struct store *s, json_t *object, struct chosen *ret, struct error *err)
{
	struct machine_filter filter = {0};
	struct choice choice = {&filter, ret};
	int r = filter_from_json(&filter, object, err);

	if (r == 0)
		r = store_machines(s, -1, 0, machine_each, &choice);
	filter_free(&filter);
	if (r < 0)
		return r;
	char *text = json_dumps(object, JSON_COMPACT);
	(void)snprintf(ret->text, sizeof(ret->text), "%s", text ? text : "");
	free(text);
	return 0;
}

int chosen_read(
        struct store *s, json_t *machines, json_t *filter, struct chosen *ret, struct error *err)
{
	*ret = (struct chosen){0};
	if (!machines == !filter)
		return input_bad(err, "machines, filter: one of them");
	return filter ? filtered(s, filter, ret, err) : listed(machines, ret, err);
}
