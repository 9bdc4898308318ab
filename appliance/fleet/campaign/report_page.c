/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/report_page.h"
#include "appliance/fleet/campaign/report_html.h"
#include "appliance/fleet/campaign/report_power.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static int cell_number(struct buffer *out, long long number)
{
	return buffer_printf(out, "<td class=n>%lld</td>", number);
}

static void span_text(long long ms, char *ret, size_t size)
{
	long long seconds = (ms + 500) / 1000;

	if (seconds < 120)
		(void)snprintf(ret, size, "%lld s", seconds);
	else if (seconds < 7200)
		(void)snprintf(ret, size, "%lld min", (seconds + 30) / 60);
	else
		(void)snprintf(ret, size, "%lld h %lld min", seconds / 3600, seconds % 3600 / 60);
}

static int cell_time(struct buffer *out, long long ms)
{
	char text[HTML_TIME];

	html_time(ms, text);
	return html_cell(out, text);
}

/* On a narrow screen a row is a card: the name of a cell's column stands before it. */
#define COLUMN(table, number, name) \
	"#" table " td:nth-child(" #number ")::before{content:\"" name "\"}"

static const char head[] =
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
        "'" REPORT_STYLE_HASH "'\">"
        "<meta name=viewport content=\"width=device-width\">"
        "<style>body{font:14px/1.45 system-ui,sans-serif;max-width:70em;margin:2em auto;"
        "padding:0 1em;color:#1a1a1a;background:#fff}h1{font-size:1.6em;margin:0}"
        "h2{font-size:1.15em;margin:1.8em 0 .4em;border-bottom:1px solid #999}"
        "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
        "padding:.25em .8em .25em 0;border-bottom:1px solid #ddd}th{font-weight:600}"
        ".n{text-align:right;font-variant-numeric:tabular-nums}.s{color:#555}"
        "td:first-child{min-width:7em}td,pre{overflow-wrap:anywhere}"
        "pre{margin:0;white-space:pre-wrap}@media screen and (max-width:50em){"
        ".c,.c tbody,.c tr,.c td{display:block}"
        ".c thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}"
        ".c tr{padding:.45em 0;border-bottom:1px solid #999}"
        ".c td{border:0;padding:.1em 0 .1em 6.6em;text-indent:-6.6em;text-align:left}"
        ".c td::before{display:inline-block;width:6.6em;text-indent:0;color:#555}"
        ".c td:empty{display:none}" COLUMN("waves", 1, "Wave") COLUMN("waves", 2, "Opened") COLUMN(
                "waves", 3, "Machines") COLUMN("waves", 4, "Returned") COLUMN("waves", 5,
                "Failed") COLUMN("waves", 6, "At work") COLUMN("waves", 7,
                "Waiting") COLUMN("found", 1, "Result") COLUMN("found", 2, "Code") COLUMN("found",
                3,
                "Machines") COLUMN("times", 1, "Step") COLUMN("times", 2, "Median") COLUMN("times",
                3, "Machines") COLUMN("left", 1, "Name") COLUMN("left", 2, "MAC") COLUMN("left", 3,
                "Site") COLUMN("left", 4, "Floor") COLUMN("left", 5, "Owner") COLUMN("left", 6,
                "What") COLUMN("left", 7, "To do") COLUMN("dark", 1, "Name") COLUMN("dark", 2,
                "MAC") COLUMN("dark", 3, "Site") COLUMN("dark", 4, "What") COLUMN("dark", 5,
                "To do") COLUMN("decided", 1, "When") COLUMN("decided", 2, "Who") COLUMN("decided",
                3, "By way of") COLUMN("decided", 4, "What") COLUMN("decided", 5,
                "Words") "}"
                         "tr{break-inside:avoid}thead{display:table-header-group}"
                         "@media "
                         "print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}}"
                         "</style>";

static int heading(const json_t *report, struct buffer *out)
{
	const json_t *c = json_object_get(report, "campaign");
	char made[HTML_TIME], started[HTML_TIME], ended[HTML_TIME];

	html_time(number_of(report, "at"), made);
	html_time(number_of(c, "started"), started);
	html_time(number_of(c, "ended"), ended);
	int r = html_put(out, head);
	if (r == 0)
		r = html_put(out, "<title>Campaign ");
	if (r == 0)
		r = html_text(out, text_of(c, "name"));
	if (r == 0)
		r = html_put(out, "</title><h1>Campaign ");
	if (r == 0)
		r = html_text(out, text_of(c, "name"));
	if (r == 0)
		r = buffer_printf(out,
		        "</h1><p class=s>Started %s%s%s. As of %s. Times are UTC.</p><p><b>",
		        started, ended[0] ? ", ended " : "", ended, made);
	if (r == 0)
		r = html_text(out, text_of(c, "state"));
	if (r == 0)
		r = html_put(out, "</b>: ");
	if (r == 0)
		r = html_text(out, text_of(c, "line"));
	if (r == 0 && text_of(c, "text")[0])
		r = html_put(out, ". ");
	if (r == 0)
		r = html_text(out, text_of(c, "text"));
	return r < 0 ? r : html_put(out, "</p>");
}

static int waves(const json_t *report, struct buffer *out)
{
	const json_t *list = json_object_get(json_object_get(report, "campaign"), "waves"), *w;
	static const char *const counts[] = {
	        "machines", "returned", "failed", "working", "waiting"};
	size_t i;

	int r = html_put(out,
	        "<h2>Waves</h2><table id=waves class=c><thead><tr><th>Wave<th>Opened<th "
	        "class=n>Machines"
	        "<th class=n>Returned<th class=n>Failed<th class=n>At work<th class=n>"
	        "Waiting</thead>");
	json_array_foreach(list, i, w)
	{
		if (r == 0)
			r = html_put(out, "<tr>");
		if (r == 0)
			r = html_cell(out, text_of(w, "name"));
		if (r == 0)
			r = cell_time(out, number_of(w, "opened"));
		for (size_t k = 0; r == 0 && k < sizeof(counts) / sizeof(counts[0]); k++)
			r = cell_number(out, number_of(w, counts[k]));
	}
	return r < 0 ? r : html_put(out, "</table>");
}

static int repairs(const json_t *report, struct buffer *out)
{
	const json_t *item;
	char span[32];
	size_t i;

	int r = html_put(out, "<h2>What the repairs found</h2><table id=found "
	                      "class=c><thead><tr><th>Result<th>Code"
	                      "<th class=n>Machines</thead>");
	json_array_foreach(json_object_get(report, "reasons"), i, item)
	{
		if (r == 0)
			r = html_put(out, "<tr>");
		if (r == 0)
			r = html_cell(out, text_of(item, "title"));
		if (r == 0)
			r = html_cell(out, text_of(item, "reason"));
		if (r == 0)
			r = cell_number(out, number_of(item, "machines"));
	}
	if (r == 0)
		r = html_put(out, "</table><h2>How long it took</h2><table id=times "
		                  "class=c><thead><tr><th>Step"
		                  "<th class=n>Median<th class=n>Machines</thead>");
	static const struct {
		const char *name, *words;
	} steps[] = {{"boot", "network boot to the fixer's first word"},
	        {"repair", "key, plan, repair, check"}, {"return", "restart to Windows"},
	        {"all", "network boot to Windows"}};
	json_array_foreach(json_object_get(report, "times"), i, item)
	{
		span_text(number_of(item, "median"), span, sizeof(span));
		if (r == 0)
			r = html_put(out, "<tr>");
		for (size_t k = 0; r == 0 && k < sizeof(steps) / sizeof(steps[0]); k++)
			if (strcmp(steps[k].name, text_of(item, "step")) == 0)
				r = html_cell(out, steps[k].words);
		if (r == 0)
			r = buffer_printf(
			        out, "<td class=n>%s</td>", number_of(item, "samples") ? span : "");
		if (r == 0)
			r = cell_number(out, number_of(item, "samples"));
	}
	return r < 0 ? r : html_put(out, "</table>");
}

static int not_back(const json_t *report, struct buffer *out)
{
	static const char *const cells[] = {"name", "mac", "site", "floor", "owner"};
	const json_t *m;
	long long count = 0;
	size_t i;

	json_array_foreach(json_object_get(report, "machines"), i, m)
	{
		count += !json_is_true(json_object_get(m, "back"));
	}
	if (count == 0)
		return html_put(out, "<h2>Machines that are not back</h2><p>None.</p>");
	int r = buffer_printf(out,
	        "<h2>Machines that are not back (%lld)</h2><table "
	        "id=left class=c><thead><tr><th>Name<th>MAC"
	        "<th>Site<th>Floor<th>Owner<th>What<th>To do</thead>",
	        count);
	json_array_foreach(json_object_get(report, "machines"), i, m)
	{
		if (json_is_true(json_object_get(m, "back")))
			continue;
		if (r == 0)
			r = html_put(out, "<tr>");
		for (size_t k = 0; r == 0 && k < sizeof(cells) / sizeof(cells[0]); k++)
			r = html_cell(out, text_of(m, cells[k]));
		/* Nothing is amiss: how far it is. */
		bool fine = strcmp(text_of(m, "reason"), "OK") == 0;
		if (r == 0)
			r = html_cell(out, text_of(m, fine ? "state" : "title"));
		if (r == 0)
			r = html_put(out, "<td>");
		if (r == 0)
			r = html_text(out, text_of(m, "advice"));
		if (r == 0 && text_of(m, "text")[0])
			r = html_put(out, "<br><span class=s>");
		if (r == 0)
			r = html_text(out, text_of(m, "text"));
		if (r == 0 && text_of(m, "text")[0])
			r = html_put(out, "</span>");
	}
	return r < 0 ? r : html_put(out, "</table>");
}

static int decisions(const json_t *report, struct buffer *out)
{
	const json_t *d;
	size_t i;

	int r = html_put(out, "<h2>Who decided what</h2><table id=decided "
	                      "class=c><thead><tr><th>When<th>Who<th>By way of"
	                      "<th>What<th>Words</thead>");
	json_array_foreach(json_object_get(report, "decisions"), i, d)
	{
		if (r == 0)
			r = html_put(out, "<tr>");
		if (r == 0)
			r = cell_time(out, number_of(d, "at"));
		if (r == 0)
			r = html_cell(out, text_of(d, "who"));
		if (r == 0)
			r = html_cell(out, text_of(d, "via"));
		if (r == 0)
			r = html_cell(out, text_of(d, "verb"));
		if (r == 0)
			r = html_cell(out, text_of(d, "text"));
	}
	if (r == 0)
		r = html_put(out, "</table>");
	if (r == 0 && number_of(report, "released"))
		r = buffer_printf(out,
		        "<h2>Keys</h2><p>%lld machines were given a key. Their recovery passwords "
		        "are due for rotation: <code>netmend audit rotation</code> lists them.</p>",
		        number_of(report, "released"));
	return r;
}

int report_page(const json_t *report, struct buffer *out)
{
	int r = heading(report, out);

	if (r == 0)
		r = waves(report, out);
	if (r == 0)
		r = not_back(report, out);
	if (r == 0)
		r = report_power(report, out);
	if (r == 0)
		r = repairs(report, out);
	if (r == 0)
		r = report_plan(json_object_get(report, "campaign"), out);
	if (r == 0)
		r = decisions(report, out);
	return r < 0 ? r : html_put(out, "</html>\n");
}

/* ---- CSV ---- */

/* Quoted where it must be; what a spreadsheet would take for a formula gets a '. */
static int csv_cell(struct buffer *out, const char *text, bool last)
{
	int r = html_put(out, "\"");

	if (r == 0 && text[0] && strchr("=+-@\t\r", text[0]))
		r = html_put(out, "'");
	for (const char *p = text; r == 0 && *p; p++)
		r = *p == '"' ? html_put(out, "\"\"") : buffer_append(out, p, 1);
	return r < 0 ? r : html_put(out, last ? "\"\r\n" : "\",");
}

int report_csv(const json_t *report, struct buffer *out)
{
	static const char *const cells[] = {"name", "mac", "serial", "site", "floor", "owner",
	        "state", "reason", "result", "title", "advice", "text", "power", "power_reason",
	        "power_text"};
	const size_t count = sizeof(cells) / sizeof(cells[0]);
	const json_t *m;
	size_t i;

	int r = html_put(out,
	        "number,wave,attempt,back,name,mac,serial,site,floor,owner,state,reason,"
	        "result,title,advice,text,power,power_reason,power_text\r\n");
	json_array_foreach(json_object_get(report, "machines"), i, m)
	{
		if (r == 0)
			r = buffer_printf(out, "%lld,%lld,%lld,%s,", number_of(m, "id"),
			        number_of(m, "wave"), number_of(m, "attempt"),
			        json_is_true(json_object_get(m, "back")) ? "yes" : "no");
		for (size_t k = 0; r == 0 && k < count; k++)
			r = csv_cell(out, text_of(m, cells[k]), k + 1 == count);
	}
	return r;
}
