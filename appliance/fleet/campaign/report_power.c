/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report's part on machines that the campaign had switched on. */
#include "appliance/fleet/campaign/report_power.h"
#include "appliance/fleet/campaign/report_html.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct orders {
	json_t *machines; /* what their rows get, by number */
	int64_t switched, failed;
};

static int order_take(const struct store_campaign_order *order, void *context)
{
	struct orders *o = context;
	char number[24];

	o->switched += order->power == POWER_STATE_DONE;
	o->failed += order->power == POWER_STATE_FAILED;
	(void)snprintf(number, sizeof(number), "%lld", (long long)order->machine);
	json_t *row = json_pack("{s:s, s:s, s:s}", "power", power_progress_name(order->power),
	        "power_reason", reason_code(order->reason), "power_text", order->text);
	return json_object_set_new(o->machines, number, row) < 0 ? -ENOMEM : 0;
}

int report_power_json(struct store *s, int64_t campaign, json_t *machines, json_t **ret)
{
	struct orders o = {.machines = json_object()};
	json_t *none =
	        json_pack("{s:s, s:s, s:s}", "power", "", "power_reason", "", "power_text", "");
	json_t *row;
	char number[24];
	size_t i;

	int r = o.machines && none ? store_campaign_power_orders(s, campaign, order_take, &o)
	                           : -ENOMEM;
	json_array_foreach(machines, i, row)
	{
		(void)snprintf(number, sizeof(number), "%lld",
		        (long long)json_integer_value(json_object_get(row, "id")));
		json_t *order = json_object_get(o.machines, number);
		if (r == 0 && json_object_update(row, order ? order : none) < 0)
			r = -ENOMEM;
	}
	json_decref(o.machines);
	json_decref(none);
	json_t *json = r == 0 ? json_pack("{s:I, s:I}", "switched", (json_int_t)o.switched,
	                                "failed", (json_int_t)o.failed)
	                      : NULL;
	if (!json)
		return r < 0 ? r : -ENOMEM;
	*ret = json;
	return 0;
}

/* ---- as a page ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int failed_row(const json_t *m, struct buffer *out)
{
	static const char *const cells[] = {"name", "mac", "site"};
	int code = reason_parse(text_of(m, "power_reason"));
	enum reason reason = code < 0 ? REASON_INTERNAL : (enum reason)code;
	int r = html_put(out, "<tr>");

	for (size_t k = 0; r == 0 && k < sizeof(cells) / sizeof(cells[0]); k++)
		r = html_cell(out, text_of(m, cells[k]));
	if (r == 0)
		r = html_cell(out, reason_title(reason));
	if (r == 0)
		r = html_put(out, "<td>");
	if (r == 0)
		r = html_text(out, reason_advice(reason));
	if (r == 0 && text_of(m, "power_text")[0])
		r = html_put(out, "<br><span class=s>");
	if (r == 0)
		r = html_text(out, text_of(m, "power_text"));
	if (r == 0 && text_of(m, "power_text")[0])
		r = html_put(out, "</span>");
	return r < 0 ? r : html_put(out, "</td>");
}

static int failed_rows(const json_t *report, struct buffer *out)
{
	const json_t *m;
	size_t i;

	int r = html_put(out, "<table id=dark class=c><thead><tr><th>Name<th>MAC<th>Site<th>What"
	                      "<th>To do</thead>");
	json_array_foreach(json_object_get(report, "machines"), i, m)
	{
		if (r == 0 && strcmp(text_of(m, "power"), "failed") == 0)
			r = failed_row(m, out);
	}
	return r < 0 ? r : html_put(out, "</table>");
}

int report_power(const json_t *report, struct buffer *out)
{
	const json_t *power = json_object_get(report, "power");
	json_int_t switched = json_integer_value(json_object_get(power, "switched"));
	json_int_t failed = json_integer_value(json_object_get(power, "failed"));

	if (!switched && !failed)
		return 0;
	int r = buffer_printf(out,
	        "<h2>Switched on by the campaign</h2><p>%" JSON_INTEGER_FORMAT
	        " machines were started through their management controllers and asked for their "
	        "boot; %" JSON_INTEGER_FORMAT " could not be.</p>",
	        switched, failed);
	return r < 0 || !failed ? r : failed_rows(report, out);
}
