/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which address leads where. */
#ifndef WEB_ROUTES_H
#define WEB_ROUTES_H

#include "appliance/api/api.h"
#include "appliance/boot/boot.h"
#include "appliance/http/http.h"

/* What the handlers get as context. */
struct routes_context {
	struct boot boot;
	struct web_api api;
	struct http_static *page;
	char url[64]; /* of the status page */
	char medium_url[MEDIUM_URL_TEXT];
};

extern const struct http_route routes_http[];
extern const size_t routes_http_count;
extern const struct http_route routes_https[];
extern const size_t routes_https_count;

#endif
