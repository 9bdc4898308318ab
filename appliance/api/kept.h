/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer that all pages ask for again and again: made once, kept for a moment. */
#ifndef API_KEPT_H
#define API_KEPT_H

#include "appliance/http/http.h"

#define KEPT_MS 2000

struct web_api;

struct kept {
	char *text; /* NULL: not made yet */
	size_t len;
	int64_t made; /* by http_clock() */
};

/* Replies with what is kept, made anew when it is older than KEPT_MS: make() gives 0 and JSON, or
 * -errno. what: for the log. */
void kept_reply(struct http_request *r, struct web_api *a, struct kept *kept, const char *what,
        int (*make)(struct web_api *a, json_t **ret));
void kept_free(struct kept *kept);

#endif
