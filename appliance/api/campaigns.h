/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page's calls about campaigns. */
#ifndef API_CAMPAIGNS_H
#define API_CAMPAIGNS_H

#include "appliance/api/gate.h"

void web_api_campaigns(struct http_request *r, struct web_api *a);
void web_api_campaigns_csv(struct http_request *r, struct web_api *a);
void web_api_campaign(struct http_request *r, struct web_api *a);
void web_api_campaign_create(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_campaign_preview(struct http_request *r, struct web_api *a);
void web_api_campaign_change(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_campaign_act(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_campaign_delete(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_campaign_report(struct http_request *r, struct web_api *a);
void web_api_campaign_report_json(struct http_request *r, struct web_api *a);
void web_api_campaign_report_csv(struct http_request *r, struct web_api *a);

/* Of the feed: campaigns as they were told last. */
struct campaigns_told;
/* Looks which are others now; true when some are. Cheap while nothing happens. */
bool campaigns_told_look(struct web_api *a);
/* Appends "event: campaign" for those changed since *seen ("campaign-gone" for a draft that was
 * deleted), and moves it on behind what was appended: not all may fit at once. */
int campaigns_told_since(const struct web_api *a, unsigned *seen, struct buffer *out);
void campaigns_told_free(struct campaigns_told *c);

#endif
