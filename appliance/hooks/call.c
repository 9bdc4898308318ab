/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/hooks/call.h"
#include "appliance/hooks/batch.h"
#include "fixer/base/text.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Taking less than all ends the call. */
static size_t on_answer(char *data, size_t one, size_t len, void *context)
{
	struct call *c = context;

	(void)data;
	(void)one;
	c->answered += len;
	return c->answered > CALL_ANSWER_MAX ? 0 : len;
}

static struct curl_slist *header_list(const char *signature)
{
	char line[SIGNATURE_TEXT + 32];
	struct curl_slist *first = curl_slist_append(NULL, "Content-Type: application/json");

	(void)snprintf(line, sizeof(line), "X-Netmend-Signature: %s", signature);
	/* No "100 Continue" to wait for. */
	const char *const more[] = {line, "Expect:"};
	for (size_t i = 0; first && i < sizeof(more) / sizeof(more[0]); i++) {
		if (!curl_slist_append(first, more[i])) {
			curl_slist_free_all(first);
			return NULL;
		}
	}
	return first;
}

static CURLcode set_rules(CURL *h, const struct hook_setting *hook)
{
	CURLcode r = curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https");

	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_USERAGENT, "netmend/" NETMEND_VERSION);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)CALL_MS);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CALL_CONNECT_MS);
	if (r == CURLE_OK && hook->ca) {
		struct curl_blob ca = {
		        .data = hook->ca, .len = strlen(hook->ca), .flags = CURL_BLOB_NOCOPY};
		r = curl_easy_setopt(h, CURLOPT_CAINFO_BLOB, &ca);
	}
	return r;
}

static CURLcode set_call(
        struct call *c, const struct hook_setting *hook, const char *body, void *context)
{
	CURLcode r = curl_easy_setopt(c->handle, CURLOPT_URL, hook->url);

	if (r == CURLE_OK)
		r = curl_easy_setopt(c->handle, CURLOPT_POSTFIELDS, body);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c->handle, CURLOPT_HTTPHEADER, c->headers);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c->handle, CURLOPT_ERRORBUFFER, c->problem);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c->handle, CURLOPT_WRITEFUNCTION, on_answer);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c->handle, CURLOPT_WRITEDATA, c);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c->handle, CURLOPT_PRIVATE, context);
	return r;
}

static void call_free(struct call *c)
{
	curl_slist_free_all(c->headers);
	if (c->handle)
		curl_easy_cleanup(c->handle);
	*c = (struct call){0};
}

int call_begin(struct call *c, CURLM *all, const struct hook_setting *hook, const char *body,
        const char *signature, void *context)
{
	*c = (struct call){.handle = curl_easy_init(), .headers = header_list(signature)};
	bool good = c->handle && c->headers && set_rules(c->handle, hook) == CURLE_OK &&
	            set_call(c, hook, body, context) == CURLE_OK &&
	            curl_multi_add_handle(all, c->handle) == CURLM_OK;

	if (!good) {
		call_free(c);
		return -ENOMEM;
	}
	c->busy = true;
	return 0;
}

bool call_end(struct call *c, CURLM *all, CURLcode code, char *text, size_t size)
{
	long status = 0;

	(void)curl_easy_getinfo(c->handle, CURLINFO_RESPONSE_CODE, &status);
	bool taken = code == CURLE_OK && status >= 200 && status < 300;
	text[0] = 0;
	if (c->answered > CALL_ANSWER_MAX)
		(void)snprintf(text, size, "its answer is larger than %zu bytes", CALL_ANSWER_MAX);
	else if (code != CURLE_OK)
		text_clean(text, size, c->problem[0] ? c->problem : curl_easy_strerror(code));
	else if (!taken)
		(void)snprintf(text, size, "answered with status %ld%s", status,
		        status >= 300 && status < 400 ? "; redirects are not followed" : "");
	(void)curl_multi_remove_handle(all, c->handle);
	call_free(c);
	return taken;
}
