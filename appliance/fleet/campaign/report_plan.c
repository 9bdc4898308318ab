/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/plan.h"
#include "appliance/fleet/campaign/report_html.h"
#include "netmend/limits.h"

#include <stdio.h>
#include <string.h>

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int row(struct buffer *out, const char *name, const char *value)
{
	int r = html_put(out, "<tr>");

	if (r == 0)
		r = html_cell(out, name);
	return r < 0 ? r : html_cell(out, value);
}

/* ---- which machines ---- */

/* "; site Bern or Basel" */
static int list_words(struct buffer *words, const char *label, const json_t *list)
{
	const json_t *item;
	size_t i;
	int r = 0;

	json_array_foreach(list, i, item)
	{
		const char *before = i ? " or " : words->len ? "; " : "";
		if (r == 0)
			r = buffer_printf(words, "%s%s%s", before, i ? "" : label, i ? "" : " ");
		if (r == 0)
			r = json_is_string(item) ? html_put(words, json_string_value(item))
			                         : buffer_printf(words, "number %lld",
			                                   (long long)json_integer_value(item));
	}
	return r;
}

static int lists_words(struct buffer *words, const json_t *object)
{
	static const struct {
		const char *name, *label;
	} lists[] = {{"sites", "site"}, {"floors", "floor"}, {"owners", "owner"}, {"rings", "ring"},
	        {"subnets", "network"}, {"machines", "machine"}};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
		r = list_words(words, lists[i].label, json_object_get(object, lists[i].name));
	return r;
}

static int scope(const json_t *plan, struct buffer *out)
{
	const json_t *s = json_object_get(plan, "scope");
	struct buffer words;

	if (json_is_true(json_object_get(s, "all")))
		return row(out, "Machines", "all");
	buffer_init(&words, (size_t)8 * NM_MAX_PLAN); /* numbers in words are that much longer */
	int r = lists_words(&words, s);
	if (r == 0)
		r = buffer_append(&words, "", 1);
	if (r == 0)
		r = row(out, "Machines", (const char *)words.data);
	buffer_free(&words);
	return r;
}

/* ---- under which rules ---- */

static int window(const json_t *plan, struct buffer *out)
{
	char from[HTML_TIME], until[HTML_TIME], text[2 * HTML_TIME + 20];

	html_time(number_of(plan, "from"), from);
	html_time(number_of(plan, "until"), until);
	(void)snprintf(text, sizeof(text), "%s%s%s%s%s", from[0] ? "from " : "", from,
	        from[0] && until[0] ? " " : "", until[0] ? "until " : "", until);
	return row(out, "When", text[0] ? text : "at any time");
}

static int approval(const json_t *plan, struct buffer *out)
{
	static const struct {
		const char *name, *words;
	} known[] = {{"config", "as the configuration says"}, {"auto", "nobody has to approve"},
	        {"pairing", "one person compares the code"},
	        {"two-person", "two people approve each machine"}};
	const char *name = text_of(plan, "approval"), *words = name;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			words = known[i].words;
	return row(out, "Key release", words);
}

static int stops(const json_t *plan, struct buffer *out)
{
	const json_t *stop = json_object_get(plan, "stop");
	long long percent = number_of(stop, "failed_percent");
	char text[80] = "never";

	if (percent)
		(void)snprintf(text, sizeof(text), "when %lld %% failed, and at least %lld",
		        percent, number_of(stop, "at_least"));
	return row(out, "Stops by itself", text);
}

/* Who switched the machines on. */
static int power(const json_t *plan, struct buffer *out)
{
	char words[PLAN_POWER_WORDS];

	plan_power_words(plan, words);
	return words[0] ? row(out, "Switched on", words) : 0;
}

static int recipe(const json_t *plan, struct buffer *out)
{
	const char *text = text_of(plan, "recipe");

	if (!strchr(text, '\n'))
		return row(out, "Recipe", text);
	int r = html_put(out, "<tr><td>Recipe</td><td><pre>");
	if (r == 0)
		r = html_text(out, text);
	return r < 0 ? r : html_put(out, "</pre></td>");
}

int report_plan(const json_t *campaign, struct buffer *out)
{
	const json_t *plan = json_object_get(campaign, "plan");

	if (!json_is_object(plan))
		return html_put(out, "<h2>Plan</h2><p>It cannot be read.</p>");
	int r = html_put(out, "<h2>Plan</h2><table tabindex=0><tbody>");
	if (r == 0)
		r = scope(plan, out);
	if (r == 0)
		r = recipe(plan, out);
	if (r == 0)
		r = window(plan, out);
	if (r == 0)
		r = approval(plan, out);
	if (r == 0)
		r = stops(plan, out);
	if (r == 0)
		r = power(plan, out);
	if (r == 0)
		r = row(out, "Start order",
		        json_is_true(json_object_get(plan, "start_order")) ? "kept" : "not kept");
	if (r == 0 && json_is_true(json_object_get(plan, "dry_run")))
		r = row(out, "Dry run", "nothing was written to any disk");
	if (r == 0)
		r = row(out, "Made by", text_of(campaign, "created_by"));
	return r < 0 ? r : html_put(out, "</table>");
}
