/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/report_html.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int html_put(struct buffer *out, const char *html)
{
	return buffer_append(out, html, strlen(html));
}

int html_text(struct buffer *out, const char *text)
{
	int r = 0;

	for (const char *p = text; r == 0 && *p; p++) {
		const char *entity = *p == '&'   ? "&amp;"
		                     : *p == '<' ? "&lt;"
		                     : *p == '>' ? "&gt;"
		                     : *p == '"' ? "&quot;"
		                                 : NULL;
		r = entity ? html_put(out, entity) : buffer_append(out, p, 1);
	}
	return r;
}

int html_cell(struct buffer *out, const char *text)
{
	int r = html_put(out, "<td>");

	if (r == 0)
		r = html_text(out, text);
	return r < 0 ? r : html_put(out, "</td>");
}

void html_time(long long ms, char ret[HTML_TIME])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc;

	ret[0] = '\0';
	if (ms && gmtime_r(&seconds, &utc))
		(void)strftime(ret, HTML_TIME, "%Y-%m-%d %H:%M:%S", &utc);
}
