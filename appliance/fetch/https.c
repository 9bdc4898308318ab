/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/https.h"

#include "appliance/fetch/wipe.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECT_MS      5000
#define IDLE_MAX        8
#define RETRY_AFTER_MAX 3600

struct https_client {
	char *agent, *ca;
	pthread_mutex_t lock;
	size_t idle_count;
	CURL *idle[IDLE_MAX]; /* each with the connections it keeps open */
};

int64_t https_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int library_init(void)
{
	static bool done;

	if (done)
		return 0;
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wipe_malloc, wipe_free, wipe_realloc,
	            wipe_strdup, wipe_calloc) != CURLE_OK)
		return -EIO;
	done = true;
	return 0;
}

int https_client_new(const char *agent, const char *ca, struct https_client **ret)
{
	int r = library_init();
	if (r < 0)
		return r;
	struct https_client *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	c->agent = strdup(agent);
	c->ca = ca ? strdup(ca) : NULL;
	if (!c->agent || (ca && !c->ca)) {
		https_client_free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void https_client_free(struct https_client *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->idle_count; i++)
		curl_easy_cleanup(c->idle[i]);
	pthread_mutex_destroy(&c->lock);
	free(c->agent);
	free(c->ca);
	free(c);
}

static CURL *handle_take(struct https_client *c)
{
	CURL *h = NULL;

	pthread_mutex_lock(&c->lock);
	if (c->idle_count > 0)
		h = c->idle[--c->idle_count];
	pthread_mutex_unlock(&c->lock);
	return h ? h : curl_easy_init();
}

static void handle_give_back(struct https_client *c, CURL *h)
{
	curl_easy_reset(h); /* forgets token and form, keeps the connections */
	pthread_mutex_lock(&c->lock);
	if (c->idle_count < IDLE_MAX) {
		c->idle[c->idle_count++] = h;
		h = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	if (h)
		curl_easy_cleanup(h);
}

/* ---- one call ---- */

struct body {
	struct https_answer *answer;
	size_t capacity, max;
	bool too_large;
};

/* Taking less than all ends the call. */
static size_t on_body(char *data, size_t one, size_t len, void *context)
{
	struct body *b = context;
	struct https_answer *a = b->answer;

	(void)one;
	if (len > b->max - a->len) {
		b->too_large = true;
		return 0;
	}
	if (b->capacity - a->len <= len) {
		size_t capacity = 2 * (a->len + len) + 1;
		char *larger = wipe_realloc(a->body, capacity);
		if (!larger)
			return 0;
		a->body = larger;
		b->capacity = capacity;
	}
	memcpy(a->body + a->len, data, len);
	a->len += len;
	a->body[a->len] = 0;
	return len;
}

static struct curl_slist *header_list(const struct https_call *call)
{
	struct curl_slist *list = curl_slist_append(NULL, "Accept: application/json");

	for (size_t i = 0; list && call->headers && call->headers[i]; i++) {
		struct curl_slist *longer = curl_slist_append(list, call->headers[i]);
		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

/* Options of the library this program is built with: none of them can be unknown to it, and what
 * fails is memory. */
static CURLcode set_rules(CURL *h, const struct https_client *c)
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
		r = curl_easy_setopt(h, CURLOPT_USERAGENT, c->agent);
	if (r == CURLE_OK && c->ca) {
		struct curl_blob ca = {
		        .data = c->ca, .len = strlen(c->ca), .flags = CURL_BLOB_NOCOPY};
		r = curl_easy_setopt(h, CURLOPT_CAINFO_BLOB, &ca);
	}
	return r;
}

static CURLcode set_call(
        CURL *h, const struct https_call *call, struct curl_slist *headers, int64_t left)
{
	CURLcode r = curl_easy_setopt(h, CURLOPT_URL, call->url);

	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)left);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
		        (long)(left < CONNECT_MS ? left : CONNECT_MS));
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	if (r == CURLE_OK && call->form)
		r = curl_easy_setopt(h, CURLOPT_POSTFIELDS, call->form);
	if (r == CURLE_OK && call->bearer)
		r = curl_easy_setopt(h, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
	if (r == CURLE_OK && call->bearer)
		r = curl_easy_setopt(h, CURLOPT_XOAUTH2_BEARER, call->bearer);
	return r;
}

static CURLcode perform(CURL *h, struct body *body, char *problem)
{
	curl_off_t wait = 0;
	long status = 0;
	CURLcode r = curl_easy_setopt(h, CURLOPT_ERRORBUFFER, problem);

	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h, CURLOPT_WRITEDATA, body);
	if (r == CURLE_OK)
		r = curl_easy_perform(h);
	if (r == CURLE_OK)
		r = curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	if (r == CURLE_OK)
		r = curl_easy_getinfo(h, CURLINFO_RETRY_AFTER, &wait);
	body->answer->status = (int)status;
	body->answer->retry_after = wait < 0 ? 0 : wait > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : wait;
	return r;
}

/* "https://host:port" of the call: its path may hold a record's id. */
static void host_of(const struct https_call *call, char *out, size_t size)
{
	const char *host = strstr(call->url, "://");
	size_t len = host ? 3 + (size_t)(host - call->url) : 0;

	len += strcspn(call->url + len, "/?");
	(void)snprintf(out, size, "%.*s", (int)len, call->url);
}

static int explain(CURLcode code, const struct https_call *call, const struct body *body,
        const char *problem, struct error *err)
{
	char host[160], why[CURL_ERROR_SIZE];

	host_of(call, host, sizeof(host));
	text_clean(why, sizeof(why), problem[0] ? problem : curl_easy_strerror(code));
	if (body->too_large)
		return error_set(err, -EMSGSIZE, REASON_SOURCE_FAILED,
		        "%s: its answer is larger than %zu bytes", host, body->max);
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return error_set(err, -EACCES, REASON_SOURCE_CERTIFICATE, "%s: %.140s", host, why);
	case CURLE_OUT_OF_MEMORY:
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	default:
		return error_set(
		        err, -EHOSTUNREACH, REASON_SOURCE_UNREACHABLE, "%s: %.140s", host, why);
	}
}

int https_call(struct https_client *c, const struct https_call *call, struct https_answer *ret,
        struct error *err)
{
	struct https_answer answer = {0};
	struct body body = {.answer = &answer, .max = call->max};
	char problem[CURL_ERROR_SIZE] = "";
	int64_t left = call->deadline - https_clock();
	CURLcode code = CURLE_OPERATION_TIMEDOUT;

	if (left <= 0)
		return explain(code, call, &body, "no time left", err);
	CURL *h = handle_take(c);
	struct curl_slist *headers = header_list(call);
	if (h && headers) {
		code = set_rules(h, c);
		if (code == CURLE_OK)
			code = set_call(h, call, headers, left);
		if (code == CURLE_OK)
			code = perform(h, &body, problem);
	} else {
		code = CURLE_OUT_OF_MEMORY;
	}
	curl_slist_free_all(headers);
	if (h)
		handle_give_back(c, h);
	if (code != CURLE_OK) {
		https_answer_clear(&answer);
		return explain(code, call, &body, problem, err);
	}
	*ret = answer;
	return 0;
}

void https_answer_clear(struct https_answer *a)
{
	wipe_free(a->body);
	*a = (struct https_answer){0};
}
