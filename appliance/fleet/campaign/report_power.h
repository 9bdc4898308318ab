/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAMPAIGN_REPORT_POWER_H
#define CAMPAIGN_REPORT_POWER_H

#include "appliance/store/campaigns.h"
#include "fixer/base/buffer.h"

#include <jansson.h>

/* Each row of machines gets "power" (the state of the campaign's latest order to its management
 * controller; "": there was none), "power_reason" and "power_text"; *ret: how many came of it. */
int report_power_json(struct store *s, int64_t campaign, json_t *machines, json_t **ret);
/* HTML: nothing when the campaign switched nothing on. 0 or -ENOMEM. */
int report_power(const json_t *report, struct buffer *out);

#endif
