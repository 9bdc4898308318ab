/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One call at a time to one webhook, by libcurl beside the others' calls: bounded in time and size,
 * the certificate verified, no redirects, no other protocol. */
#ifndef HOOKS_CALL_H
#define HOOKS_CALL_H

#include "appliance/hooks/settings.h"

#include <curl/curl.h>

#define CALL_CONNECT_MS 5000
#define CALL_MS         15000
#define CALL_ANSWER_MAX ((size_t)64 * 1024) /* what its answer may say; nobody reads it */

struct call {
	CURL *handle;
	struct curl_slist *headers;
	char problem[CURL_ERROR_SIZE];
	size_t answered; /* bytes */
	bool busy;
};

/* Begins to POST body (which must stay until call_end()). 0 or -errno. */
int call_begin(struct call *c, CURLM *all, const struct hook_setting *hook, const char *body,
        const char *signature, void *context);
/* When it is over, or to give it up: true when the webhook took it (2xx); else text says why not.
 */
bool call_end(struct call *c, CURLM *all, CURLcode code, char *text, size_t size);

#endif
