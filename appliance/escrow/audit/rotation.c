/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which recovery passwords were used and are to be replaced. */
#include "appliance/escrow/audit/report.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A record about one protector. */
struct item {
	struct guid protector;
	uint64_t n;
	int64_t at;
	bool released; /* else rotated */
	char *fields[6];
};

static const char *const field_names[6] = {"machine", "uuid", "serial", "mac", "source", "origin"};

struct items {
	size_t count, room;
	struct item *list;
	int result;
};

static bool about_rotation(const struct audit_record *r, bool *ret_released)
{
	*ret_released = strcmp(r->event, "release") == 0;
	return (*ret_released && strcmp(audit_text(r, "decision"), "released") == 0) ||
	       strcmp(r->event, "rotated") == 0;
}

static int collect(void *context, const struct audit_record *r)
{
	struct items *items = context;
	struct item item = {.n = r->n, .at = r->at};

	if (!about_rotation(r, &item.released) ||
	        guid_parse(audit_text(r, "protector"), &item.protector) < 0)
		return 0;
	if (items->count == items->room) {
		size_t room = items->room ? 2 * items->room : 256;
		struct item *list = reallocarray(items->list, room, sizeof(*list));
		if (!list)
			return items->result = -ENOMEM;
		items->list = list;
		items->room = room;
	}
	for (size_t i = 0; i < 6; i++)
		item.fields[i] = strdup(audit_text(r, field_names[i]));
	items->list[items->count++] = item;
	return 0;
}

static int by_protector(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = memcmp(x->protector.bytes, y->protector.bytes, GUID_LEN);

	return order ? order : x->n < y->n ? -1 : x->n > y->n;
}

static int by_first(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void due_clear(struct due *d)
{
	char *const all[] = {d->machine, d->uuid, d->serial, d->mac, d->source, d->origin};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
	*d = (struct due){0};
}

static void items_clear(struct items *items)
{
	for (size_t i = 0; i < items->count; i++)
		for (size_t k = 0; k < 6; k++)
			free(items->list[i].fields[k]);
	free(items->list);
}

/* The release is the last one now; takes its texts. */
static void add_release(struct due *d, struct item *item)
{
	struct due next = {.protector = item->protector,
	        .times = d->times + 1,
	        .first = d->times ? d->first : item->at,
	        .last = item->at,
	        .machine = item->fields[0],
	        .uuid = item->fields[1],
	        .serial = item->fields[2],
	        .mac = item->fields[3],
	        .source = item->fields[4],
	        .origin = item->fields[5]};

	memset(item->fields, 0, sizeof(item->fields));
	due_clear(d);
	*d = next;
}

/* items: of one protector after the other, each from its first record on. */
static int summarise(struct items *items, struct rotation *ret)
{
	ret->due = calloc(items->count + 1, sizeof(*ret->due));
	if (!ret->due)
		return -ENOMEM;
	for (size_t i = 0; i < items->count;) {
		struct due *d = &ret->due[ret->count];
		const struct guid protector = items->list[i].protector;
		bool was_due = false;
		for (; i < items->count && guid_equal(&items->list[i].protector, &protector); i++) {
			if (items->list[i].released)
				add_release(d, &items->list[i]);
			else
				due_clear(d);
			was_due = was_due || d->times > 0;
		}
		if (d->times > 0)
			ret->count++;
		else
			ret->done += was_due;
	}
	qsort(ret->due, ret->count, sizeof(*ret->due), by_first);
	return 0;
}

int rotation_read(const char *dir, struct rotation *ret, struct error *err)
{
	struct items items = {0};
	struct rotation rotation = {0};
	int r = audit_each(dir, collect, &items, err);

	if (r == 0)
		r = items.result;
	if (r == 0 && items.count > 0)
		qsort(items.list, items.count, sizeof(*items.list), by_protector);
	if (r == 0)
		r = summarise(&items, &rotation);
	items_clear(&items);
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory for the list");
	if (r == 0)
		*ret = rotation;
	return r;
}

void rotation_clear(struct rotation *r)
{
	for (size_t i = 0; i < r->count; i++)
		due_clear(&r->due[i]);
	free(r->due);
	*r = (struct rotation){0};
}
