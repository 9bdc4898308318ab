/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A BMC's answer: as much of it as the caller wants, and not more. */
#include "appliance/power/https_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX     65536 /* of all answers of a call: the one that asks for a login, too */
#define RETRY_AFTER_MAX 60
#define FIRST_CAPACITY  4096

/* By hand: what realloc() leaves behind cannot be wiped. */
static int grow(struct https_reading *r, size_t len)
{
	struct bmc_answer *a = r->answer;

	if (len < r->capacity - a->len)
		return 0;
	size_t capacity = 2 * (a->len + len) + FIRST_CAPACITY;
	char *larger = malloc(capacity);
	if (!larger)
		return -1;
	memcpy(larger, a->body, a->len);
	secret_wipe(a->body, a->len);
	free(a->body);
	a->body = larger;
	r->capacity = capacity;
	return 0;
}

/* Taking less than all ends the call. */
static size_t on_body(char *data, size_t one, size_t len, void *context)
{
	struct https_reading *r = context;
	struct bmc_answer *a = r->answer;

	(void)one;
	r->too_large = len > r->max - a->len;
	if (r->too_large)
		return 0;
	r->no_memory = grow(r, len) < 0;
	if (r->no_memory)
		return 0;
	memcpy(a->body + a->len, data, len);
	a->len += len;
	a->body[a->len] = 0;
	return len;
}

static size_t on_header(char *data, size_t one, size_t len, void *context)
{
	struct https_reading *r = context;

	(void)data;
	(void)one;
	r->too_large = r->too_large || len > HEADERS_MAX - r->header_bytes;
	if (r->too_large)
		return 0;
	r->header_bytes += len;
	return len;
}

/* The body of an answer that only asks for a login never comes to on_body(): it is counted here. */
static int on_progress(
        void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	struct https_reading *r = context;

	(void)total;
	(void)up_total;
	(void)up;
	r->too_large = r->too_large || (now > 0 && (uint64_t)now > r->max);
	return r->too_large ? 1 : 0;
}

CURLcode https_read_answer(CURL *curl, struct https_reading *r)
{
	r->answer->body = malloc(FIRST_CAPACITY);
	if (!r->answer->body)
		return CURLE_OUT_OF_MEMORY;
	r->answer->body[0] = 0;
	r->capacity = FIRST_CAPACITY;
	CURLcode code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, r);
	return code;
}

/* "" where there is none, where it is too long, and where it is no plain text: it is sent back to
 * the BMC later. */
static void copy_header(CURL *curl, const char *name, char *out, size_t size)
{
	struct curl_header *header = NULL;

	out[0] = 0;
	if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return;
	size_t len = strlen(header->value);
	for (size_t i = 0; i < len; i++)
		if (header->value[i] < ' ' || header->value[i] > '~')
			return;
	if (len < size)
		memcpy(out, header->value, len + 1);
}

CURLcode https_read_headers(CURL *curl, struct bmc_answer *ret)
{
	curl_off_t wait = 0;
	long status = 0;
	CURLcode r = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);

	if (r == CURLE_OK)
		r = curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
	ret->status = (int)status;
	ret->retry_after = wait < 0 ? 0 : wait > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : wait;
	copy_header(curl, "ETag", ret->etag, sizeof(ret->etag));
	copy_header(curl, "Location", ret->location, sizeof(ret->location));
	copy_header(curl, "X-Auth-Token", ret->token, sizeof(ret->token));
	return r;
}

void bmc_answer_clear(struct bmc_answer *a)
{
	if (a->body)
		secret_wipe(a->body, a->len);
	free(a->body);
	secret_wipe(a, sizeof(*a));
}
