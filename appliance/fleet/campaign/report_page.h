/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A campaign's report for people, written from its JSON (report.c). */
#ifndef CAMPAIGN_REPORT_PAGE_H
#define CAMPAIGN_REPORT_PAGE_H

#include "fixer/base/buffer.h"

#include <jansson.h>

/* One HTML file that needs nothing else: no script, no request; made for printing. 0 or -ENOMEM. */
int report_page(const json_t *report, struct buffer *out);
/* Its machines, a line each (RFC 4180). */
int report_csv(const json_t *report, struct buffer *out);

#endif
