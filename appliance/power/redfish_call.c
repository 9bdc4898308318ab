/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request to a Redfish service, and what its answer means. */
#include "appliance/power/redfish_internal.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define AGAIN_MS 3000
#define WORDS    160

/* ---- JSON ---- */

const char *redfish_text(const json_t *object, const char *field)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text ? text : "";
}

/* A path and nothing else: what it could do to a request line or lead to elsewhere is not let in.
 */
static int take_path(const char *text, char ret[REDFISH_PATH])
{
	const char *host = strstr(text, "://");

	if (host)
		text = strchr(host + 3, '/');
	if (!text || text[0] != '/' || text[1] == '/' || strlen(text) >= REDFISH_PATH)
		return -EPROTO;
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || *c == '\\')
			return -EPROTO;
	(void)snprintf(ret, REDFISH_PATH, "%s", text);
	return 0;
}

int redfish_link(const json_t *object, const char *field, char ret[REDFISH_PATH])
{
	return take_path(redfish_text(object, field), ret);
}

int redfish_child(const json_t *object, const char *field, char ret[REDFISH_PATH])
{
	return redfish_link(json_object_get(object, field), "@odata.id", ret);
}

bool redfish_allows(const json_t *object, const char *field, const char *value)
{
	char name[100];
	const json_t *list, *one;
	size_t i;

	(void)snprintf(name, sizeof(name), "%s@Redfish.AllowableValues", field);
	list = json_object_get(object, name);
	if (!json_is_array(list) || json_array_size(list) == 0)
		return true;
	json_array_foreach(list, i, one)
	{
		const char *text = json_string_value(one);
		if (text && strcasecmp(text, value) == 0)
			return true;
	}
	return false;
}

int redfish_bad(const struct redfish *b, const char *what, struct error *err)
{
	return error_set(err, -EPROTO, REASON_POWER_ANSWER_BAD, "%s: %s", b->target->address, what);
}

/* ---- errors ---- */

/* What the service says of an error, in its own words, and the codes of its messages behind each
 * other. */
static void words_of(const json_t *body, char *words, char *codes)
{
	const json_t *error = json_object_get(body, "error"), *one;
	const json_t *more = json_object_get(error, "@Message.ExtendedInfo");
	const char *said = redfish_text(error, "message");
	size_t i, len = 0;

	codes[0] = '\0';
	json_array_foreach(more, i, one)
	{
		const char *code = redfish_text(one, "MessageId");
		const char *message = redfish_text(one, "Message");
		int n = snprintf(codes + len, WORDS - len, "%.60s ", code);
		len = n > 0 && len + (size_t)n < WORDS ? len + (size_t)n : len;
		if (message[0] && i == 0)
			said = message;
	}
	text_clean(words, WORDS, said);
}

/* Not now: a self-test, a job of its own, a service that starts. Dell: SYS518, and 409 for a while
 * after ForceOff; HPE: messages below; Ironic and sushy have them all. */
static bool is_later(int status, const char *codes)
{
	static const char *const known[] = {"UnableToModifyDuringSystemPOST",
	        "InvalidOperationForSystemState", "SYS518", "ResourceInUse",
	        "ServiceInUnknownState", "ServiceTemporarilyUnavailable", "ResourceInStandby"};

	if (status == 503 || status == 429 || status == 409 || status == 423)
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(codes, known[i]))
			return true;
	return false;
}

static int judge(const struct redfish *b, const struct redfish_request *q, int status,
        const char *words, struct error *err)
{
	const char *who = b->target->address;
	const char *colon = words[0] ? ": " : "";

	switch (status) {
	case 401:
		return error_set(err, -EACCES, REASON_POWER_LOGIN,
		        "%s: Redfish user or password refused (user \"%s\")", who, b->target->user);
	case 403:
		return error_set(err, -EPERM, REASON_POWER_RIGHTS,
		        "%s: user \"%s\" may not do this%s%s", who, b->target->user, colon, words);
	case 404:
	case 405:
	case 501:
		return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: there is no %s %.100s (status %d)", who, q->method, q->path, status);
	case 400:
	case 406:
	case 412:
	case 415:
	case 428:
		return error_set(err, -EINVAL, REASON_POWER_REFUSED, "%s: refused (status %d)%s%s",
		        who, status, colon, words);
	default:
		if (status >= 300 && status < 400)
			return error_set(err, -EPROTO, REASON_POWER_ANSWER_BAD,
			        "%s: it sends us elsewhere (status %d), and nobody follows: give "
			        "its "
			        "own address",
			        who, status);
		return error_set(err, -EIO, REASON_POWER_REFUSED, "%s: refused (status %d)%s%s",
		        who, status, colon, words);
	}
}

/* ---- requests ---- */

static int once(struct redfish *b, const struct redfish_request *q, const char *text,
        int64_t deadline, struct bmc_answer *ret, struct error *err)
{
	char token[300], match[160];
	const char *headers[5];
	size_t n = 0;

	headers[n++] = "Accept: application/json";
	headers[n++] = "OData-Version: 4.0";
	if (b->token[0]) {
		(void)snprintf(token, sizeof(token), "X-Auth-Token: %s", b->token);
		headers[n++] = token;
	}
	if (q->etag && q->etag[0]) {
		(void)snprintf(match, sizeof(match), "If-Match: %s", q->etag);
		headers[n++] = match;
	}
	headers[n] = NULL;
	const struct bmc_call call = {.method = q->method,
	        .path = q->path,
	        .body = text,
	        .headers = headers,
	        .without_login = b->token[0] != '\0',
	        .repeatable = !q->act,
	        .max = NM_MAX_BMC_ANSWER,
	        .deadline = deadline};
	return bmc_https_call(b->https, &call, ret, err);
}

/* 0 done, 1 later, -errno. */
static int take(struct redfish *b, const struct redfish_request *q, struct bmc_answer *a,
        json_t **ret, char *etag, struct error *err)
{
	char words[WORDS], codes[WORDS];
	json_t *body = a->len ? json_loadb(a->body, a->len, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (a->status >= 200 && a->status < 300) {
		if (a->len && !body && strcmp(q->method, "GET") == 0)
			return redfish_bad(b, "what it answers is no JSON", err);
		if (etag)
			(void)snprintf(etag, 128, "%s",
			        a->etag[0] ? a->etag : redfish_text(body, "@odata.etag"));
		if (ret)
			*ret = body;
		else
			json_decref(body);
		return 0;
	}
	words_of(body, words, codes);
	json_decref(body);
	bool later = is_later(a->status, codes);
	if (later)
		(void)error_set(err, -EBUSY, REASON_POWER_BUSY, "%s: not now (status %d)%s%s",
		        b->target->address, a->status, words[0] ? ": " : "", words);
	return later ? 1 : judge(b, q, a->status, words, err);
}

int redfish_ask(struct redfish *b, const struct redfish_request *q, int64_t deadline, json_t **ret,
        char *etag, struct error *err)
{
	char *text = q->body ? json_dumps(q->body, JSON_COMPACT) : NULL;
	bool no_memory = q->body && !text;
	int r = no_memory ? error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory") : 1;

	json_decref(q->body);
	if (ret)
		*ret = NULL;
	while (r == 1) {
		struct bmc_answer a = {0};
		r = once(b, q, text, deadline, &a, err);
		if (r < 0)
			break;
		int64_t pause = a.retry_after ? a.retry_after * 1000 : AGAIN_MS;
		r = take(b, q, &a, ret, etag, err);
		bmc_answer_clear(&a);
		if (r == 1 && deadline - power_clock() <= pause)
			r = -EBUSY;
		else if (r == 1)
			power_pause(pause);
	}
	free(text);
	return r;
}

int redfish_get(struct redfish *b, const char *path, int64_t deadline, json_t **ret, char *etag,
        struct error *err)
{
	const struct redfish_request q = {.method = "GET", .path = path};
	int r = redfish_ask(b, &q, deadline, ret, etag, err);

	if (r == 0 && !json_is_object(*ret)) {
		json_decref(*ret);
		*ret = NULL;
		return redfish_bad(b, "what it answers is no JSON object", err);
	}
	return r;
}
