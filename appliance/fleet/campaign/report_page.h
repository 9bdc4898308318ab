/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A campaign's report for people, written from its JSON (report.c). */
#ifndef CAMPAIGN_REPORT_PAGE_H
#define CAMPAIGN_REPORT_PAGE_H

#include "fixer/base/buffer.h"

#include <jansson.h>

/* The hash of the one style a report has, for the policy it is sent with: whoever changes the style
 * is told the new one by tests/module/campaign_test.py. */
#define REPORT_STYLE_HASH "sha256-Ug0EIkr6OGIUc2F7yCCyYsINw6MJpTZe+apsD8Xf+qI="

/* One HTML file that needs nothing else: no script, no request; made for printing. What it forbids
 * a browser stands in itself, too: saved or mailed, it comes without headers. 0 or -ENOMEM. */
int report_page(const json_t *report, struct buffer *out);
/* Its machines, a line each (RFC 4180). */
int report_csv(const json_t *report, struct buffer *out);

#endif
