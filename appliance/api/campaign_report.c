/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/api/campaigns.h"
#include "appliance/fleet/campaign/report_page.h"
#include "appliance/fleet/campaign/campaign.h"

#include <errno.h>
#include <stdlib.h>

#define REPORT_MAX ((size_t)64 * 1024 * 1024)

/* The report of the number in the path; NULL when the request has its refusal. */
static json_t *report_of(struct http_request *r, struct web_api *a)
{
	char *end;
	long long id = strtoll(r->capture[0], &end, 10);
	json_t *report;

	int e = end == r->capture[0] || *end || id <= 0
	                ? -ENOENT
	                : campaign_report(a->fleet->store, id, a->fleet->clock(), &report);
	if (e == 0)
		return report;
	if (e == -ENOENT)
		http_reply_error(r, 404, REASON_NOT_FOUND, "no campaign of this number");
	else if (e == -EPERM)
		http_reply_error(r, 409, REASON_NOT_NOW, "the campaign has not started");
	else
		call_failed(r, "report", e);
	return NULL;
}

void web_api_campaign_report_json(struct http_request *r, struct web_api *a)
{
	json_t *report = report_of(r, a);

	if (report)
		http_reply_json(r, 200, report);
}

static void reply_written(struct http_request *r, struct web_api *a, const char *type,
        int (*write)(const json_t *report, struct buffer *out))
{
	struct buffer out;
	json_t *report = report_of(r, a);

	if (!report)
		return;
	buffer_init(&out, REPORT_MAX);
	int e = write(report, &out);
	json_decref(report);
	if (e < 0) {
		buffer_free(&out);
		call_failed(r, "report", e);
		return;
	}
	http_reply_memory(r, 200, type, (char *)out.data, out.len);
}

void web_api_campaign_report(struct http_request *r, struct web_api *a)
{
	http_set_style(r, REPORT_STYLE_HASH);
	reply_written(r, a, "text/html; charset=utf-8", report_page);
}

void web_api_campaign_report_csv(struct http_request *r, struct web_api *a)
{
	reply_written(r, a, "text/csv; charset=utf-8", report_csv);
}
