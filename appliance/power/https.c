/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/https_internal.h"

#include "fixer/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IDLE_S 10L /* an older connection is not used again: it may be closed over there */
#define AGENT  "netmend"

static CURLcode library_code = CURLE_FAILED_INIT;

static void library_init(void)
{
	library_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* What could begin another part of the URL is in no host's name. */
static bool is_host(const char *address)
{
	size_t len = strlen(address);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)address[i]) && !strchr(".-_:", address[i]))
			return false;
	return len > 0 && len < POWER_ADDRESS && address[0] != '-';
}

static CURLcode set_login(struct bmc_https *h, bool offered)
{
	const struct power_target *t = h->target;
	const char *user = offered ? t->user : NULL;
	const char *password = !offered ? NULL : t->password ? (const char *)t->password->data : "";
	long kind = h->login == HTTPS_LOGIN_DIGEST ? (long)CURLAUTH_DIGEST : (long)CURLAUTH_BASIC;
	CURLcode r = curl_easy_setopt(h->curl, CURLOPT_HTTPAUTH, kind);

	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_USERNAME, user);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_PASSWORD, password);
	return r;
}

/* What holds for every call. Options of the library this program is built with: none of them can be
 * unknown to it, and what fails is memory. */
static CURLcode set_rules(struct bmc_https *h)
{
	CURL *curl = h->curl;
	CURLcode r = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, h->tls ? "https" : "http");

	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* nor that of the environment */
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* A resolver that hangs is left behind: else it is waited for, past every deadline. */
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_S);
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
	return r == CURLE_OK && h->tls ? https_judge_certificate(h) : r;
}

int bmc_https_new(const struct power_target *t, bool tls, uint16_t port, enum https_login login,
        struct bmc_https **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (pthread_once(&once, library_init) != 0 || library_code != CURLE_OK)
		return -EIO;
	if (!is_host(t->address))
		return -EINVAL;
	struct bmc_https *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	bool v6 = strchr(t->address, ':');
	(void)snprintf(h->base, sizeof(h->base), "%s://%s%s%s:%u", tls ? "https" : "http",
	        v6 ? "[" : "", t->address, v6 ? "]" : "", port);
	h->target = t;
	h->tls = tls;
	h->login = login;
	h->curl = curl_easy_init();
	if (!h->curl || set_rules(h) != CURLE_OK) {
		bmc_https_free(h);
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

void bmc_https_free(struct bmc_https *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	free(h);
}

const char *bmc_https_pin(const struct bmc_https *h)
{
	return h->pin;
}

/* ---- one call ---- */

/* Most paths come from an answer: none of them may begin another header, or another host. */
static bool is_path(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < len; i++)
		if (path[i] <= ' ' || path[i] > '~' || path[i] == '#')
			return false;
	return path[0] == '/' && len < POWER_URL;
}

static bool is_header(const char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			return false;
	return true;
}

/* False: no memory, and *list is gone. */
static bool add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		curl_slist_free_all(*list);
	*list = longer;
	return longer;
}

/* NULL: no memory. */
static struct curl_slist *header_list(const struct bmc_call *call)
{
	struct curl_slist *list = NULL;
	bool typed = !call->body;

	/* Not to be asked whether the body may come: few of them know that. */
	if (!add_header(&list, "Expect:"))
		return NULL;
	for (size_t i = 0; call->headers && call->headers[i]; i++) {
		typed = typed || strncasecmp(call->headers[i], "Content-Type:", 13) == 0;
		if (!add_header(&list, call->headers[i]))
			return NULL;
	}
	if (!typed)
		(void)add_header(&list, "Content-Type: application/json");
	return list;
}

/* In this order: each of the options says GET or POST, too. */
static CURLcode set_method(CURL *curl, const struct bmc_call *call)
{
	bool post = call->body || strcmp(call->method, "POST") == 0;
	CURLcode r = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body ? call->body : "");

	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	bool anew = strcmp(call->method, "POST") == 0 && !call->repeatable;
	if (r == CURLE_OK)
		r = curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, anew ? 1L : 0L);
	return r;
}

static CURLcode perform(struct bmc_https *h, const struct bmc_call *call, int64_t left,
        struct curl_slist *headers, struct https_reading *reading)
{
	char url[sizeof(h->base) + POWER_URL];
	CURLcode r = https_read_answer(h->curl, reading);

	(void)snprintf(url, sizeof(url), "%s%s", h->base, call->path);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_URL, url);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)left);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	if (r == CURLE_OK)
		r = set_method(h->curl, call);
	if (r == CURLE_OK)
		r = set_login(h, h->login != HTTPS_LOGIN_NONE && !call->without_login);
	if (r == CURLE_OK)
		r = curl_easy_perform(h->curl);
	return r == CURLE_OK ? https_read_headers(h->curl, reading->answer) : r;
}

static int explain(const struct bmc_https *h, CURLcode code, const struct https_reading *reading,
        const char *problem, struct error *err)
{
	const char *where = h->base;
	char why[CURL_ERROR_SIZE];

	text_clean(why, sizeof(why), problem[0] ? problem : curl_easy_strerror(code));
	if (h->other_certificate)
		return error_set(err, -EACCES, REASON_POWER_CERTIFICATE,
		        "%s shows another certificate than the one that is known: nothing was sent "
		        "to it. If it was changed on purpose, have the old one forgotten; else "
		        "find out who answers there",
		        where);
	if (reading->too_large)
		return error_set(err, -EMSGSIZE, REASON_POWER_ANSWER_BAD,
		        "%s: its answer is larger than anything asked for (%zu bytes)", where,
		        reading->max);
	if (reading->no_memory || code == CURLE_OUT_OF_MEMORY)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	switch (code) {
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL: /* no status line, no headers */
	case CURLE_BAD_CONTENT_ENCODING:
		return error_set(err, -EBADMSG, REASON_POWER_ANSWER_BAD,
		        "%s: what answers there does not speak HTTP: %.100s", where, why);
	case CURLE_SSL_CONNECT_ERROR:
		return error_set(err, -EPROTO, REASON_POWER_UNREACHABLE,
		        "%s: no TLS connection: %.140s", where, why);
	case CURLE_OPERATION_TIMEDOUT:
		return error_set(err, -ETIMEDOUT, REASON_POWER_UNREACHABLE,
		        "%s: no answer in time: %.140s", where, why);
	default:
		return error_set(
		        err, -EHOSTUNREACH, REASON_POWER_UNREACHABLE, "%s: %.140s", where, why);
	}
}

static int check(const struct bmc_https *h, const struct bmc_call *call, struct error *err)
{
	if (!is_path(call->path))
		return error_set(err, -EBADMSG, REASON_POWER_ANSWER_BAD,
		        "%s: it gave a path that cannot be asked for", h->base);
	for (size_t i = 0; call->headers && call->headers[i]; i++)
		if (!is_header(call->headers[i]))
			return error_set(err, -EBADMSG, REASON_POWER_ANSWER_BAD,
			        "%s: a header would hold control characters", h->base);
	if (call->deadline <= power_clock())
		return error_set(err, -ETIMEDOUT, REASON_POWER_UNREACHABLE,
		        "%s: no time is left to ask it", h->base);
	return 0;
}

int bmc_https_call(
        struct bmc_https *h, const struct bmc_call *call, struct bmc_answer *ret, struct error *err)
{
	struct bmc_answer answer = {0};
	struct https_reading reading = {.answer = &answer, .max = call->max};
	char problem[CURL_ERROR_SIZE] = "";
	int r = check(h, call, err);

	if (r < 0)
		return r;
	h->other_certificate = false;
	struct curl_slist *headers = header_list(call);
	CURLcode code = headers ? curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, problem)
	                        : CURLE_OUT_OF_MEMORY;
	if (code == CURLE_OK) {
		int64_t left = call->deadline - power_clock();
		code = perform(h, call, left > 0 ? left : 1, headers, &reading);
	}
	(void)curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	(void)curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(headers);
	if (code != CURLE_OK) {
		bmc_answer_clear(&answer);
		return explain(h, code, &reading, problem, err);
	}
	*ret = answer;
	return 0;
}
