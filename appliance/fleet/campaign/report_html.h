/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of a report as HTML. All return 0 or what buffer_append() does. */
#ifndef CAMPAIGN_REPORT_HTML_H
#define CAMPAIGN_REPORT_HTML_H

#include "fixer/base/buffer.h"

#include <jansson.h>

int html_put(struct buffer *out, const char *html);
/* What machines and people have written goes through here, all of it. */
int html_text(struct buffer *out, const char *text);
int html_cell(struct buffer *out, const char *text);
/* ms since 1970 in UTC, which the page says; "" for 0. */
#define HTML_TIME 32
void html_time(long long ms, char ret[HTML_TIME]);

/* A campaign's plan in words, with its heading. */
int report_plan(const json_t *campaign, struct buffer *out);

#endif
