/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/people/record.h"
#include "fixer/base/csv.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>

static int object_append(const struct store_action *x, void *context)
{
	json_t *action = json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id",
	        (json_int_t)x->id, "at", (json_int_t)x->at, "who", x->actor.name, "role",
	        x->actor.role, "via", x->actor.via, "ip", x->actor.ip, "verb", x->verb, "kind",
	        x->kind, "object", x->object, "text", x->text);

	return json_array_append_new(context, action) < 0 ? -ENOMEM : 0;
}

int record_json(struct store *s, int64_t before, size_t limit, json_t *list)
{
	return store_actions(s, before, limit, object_append, list);
}

static int line_append(struct buffer *out, const char *const *cells, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = csv_append(out, i == 0, cells[i]);
	return r < 0 ? r : buffer_append(out, CSV_ROW_END, sizeof(CSV_ROW_END) - 1);
}

static int action_line(const struct store_action *x, void *context)
{
	char id[24], at[ISO8601_TEXT];

	(void)snprintf(id, sizeof(id), "%lld", (long long)x->id);
	iso8601_format(x->at * 1000000, at);
	const char *const cells[] = {id, at, x->actor.name, x->actor.role, x->actor.via,
	        x->actor.ip, x->verb, x->kind, x->object, x->text};
	return line_append(context, cells, sizeof(cells) / sizeof(cells[0]));
}

int record_csv(struct store *s, int64_t before, size_t limit, struct buffer *out)
{
	static const char *const heading[] = {
	        "id", "at", "who", "role", "via", "ip", "verb", "kind", "object", "text"};
	int r = line_append(out, heading, sizeof(heading) / sizeof(heading[0]));

	return r < 0 ? r : store_actions(s, before, limit, action_line, out);
}
