/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/escrow_answer.h"
#include "appliance/api/escrow_keys.h"
#include "appliance/api/input.h"
#include "fixer/base/text.h"
#include "netmend/version.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SEALED_BYTES (WIRE_SEALED_PLAIN + crypto_box_SEALBYTES)
/* ---- one message ---- */

static int news_parse(json_t *root, const char *news, struct escrow_message *ret, struct error *err)
{
	const char *session = "";
	json_int_t v;

	int r = input_unpack(
	        root, err, "news", "{s:I, s:s, s?s}", "v", &v, "news", &news, "session", &session);
	if (r < 0)
		return r;
	if (strcmp(news, "requests") == 0) {
		ret->kind = ESCROW_NEWS_REQUESTS;
		return 0;
	}
	r = input_check(strcmp(news, "release") == 0, "news", err);
	if (r == 0)
		r = input_hex(session, 16, "session", err);
	if (r < 0)
		return r;
	ret->kind = ESCROW_NEWS_RELEASE;
	(void)snprintf(ret->session, sizeof(ret->session), "%s", session);
	return 0;
}

int escrow_message_parse(
        const char *text, size_t len, struct escrow_message *ret, struct error *err)
{
	struct escrow_message m = {.kind = ESCROW_ANSWER};
	json_t *root;

	int r = input_parse(text, len, &root, err);
	if (r < 0)
		return r == -EINVAL ? r : error_set(err, r, REASON_INTERNAL, "no memory");
	const char *news = json_string_value(json_object_get(root, "news"));
	json_t *id = json_object_get(root, "id");
	r = input_check(
	        json_integer_value(json_object_get(root, "v")) == NETMEND_WIRE_VERSION, "v", err);
	if (r == 0 && news)
		r = news_parse(root, news, &m, err);
	else if (r == 0)
		r = input_check(json_is_integer(id) && json_integer_value(id) > 0, "id", err);
	if (r == 0 && !news) {
		m.id = json_integer_value(id);
		m.json = json_incref(root);
		(void)json_object_del(root, "v");
		(void)json_object_del(root, "id");
	}
	json_decref(root);
	if (r == 0)
		*ret = m;
	return r;
}

/* ---- what a box led to ---- */

/* The words of the reason table beside each reason. */
static int words_add(json_t *object, enum reason reason)
{
	bool good = json_object_set_new(object, "title", json_string(reason_title(reason))) == 0 &&
	            json_object_set_new(object, "advice", json_string(reason_advice(reason))) == 0;

	return good ? 0 : -ENOMEM;
}

/* Checks and completes them in place. */
static int results_take(json_t *results, struct error *err)
{
	const char *request, *reason, *text;
	enum reason parsed;
	json_t *value;
	size_t i;

	int r = input_check(json_is_array(results) && json_array_size(results) <= ESCROW_LIST_MAX,
	        "results", err);
	json_array_foreach(r == 0 ? results : NULL, i, value)
	{
		if (r == 0)
			r = input_unpack(value, err, "results", "{s:s, s:s, s:s}", "request",
			        &request, "reason", &reason, "text", &text);
		if (r == 0)
			r = input_hex(request, 8, "results.request", err);
		if (r == 0)
			r = input_reason(reason, &parsed, "results.reason", err);
		if (r == 0)
			r = words_add(value, parsed);
	}
	return r;
}

int escrow_box_parse(json_t *answer, json_t **ret, struct error *err)
{
	const char *reason, *text;
	json_t *results = NULL, *keys = NULL;
	enum reason parsed;
	int ok;

	int r = input_unpack(answer, err, "answer", "{s:b, s:s, s:s, s?o, s?o}", "ok", &ok,
	        "reason", &reason, "text", &text, "results", &results, "keys", &keys);
	if (r == 0)
		r = input_reason(reason, &parsed, "reason", err);
	if (r == 0 && results)
		r = results_take(results, err);
	if (r == 0 && keys)
		r = escrow_keys_check(keys, err);
	if (r < 0)
		return r;
	json_t *page = json_pack("{s:i, s:b, s:s, s:s}", "v", NETMEND_WIRE_VERSION, "ok", ok,
	        "reason", reason, "text", text);
	if (!page || words_add(page, parsed) < 0 ||
	        (results && json_object_set(page, "results", results) < 0) ||
	        (keys && json_object_set(page, "keys", keys) < 0)) {
		json_decref(page);
		return error_set(err, -ENOMEM, REASON_INTERNAL, "no memory");
	}
	*ret = page;
	return 0;
}

/* ---- release ---- */

static int volumes_check(json_t *volumes, struct error *err)
{
	const char *id, *protector, *sealed;
	json_t *value;
	size_t i;

	if (!json_is_array(volumes) || json_array_size(volumes) < 1 ||
	        json_array_size(volumes) > NM_MAX_VOLUMES)
		return input_bad(err, "volumes: not a list of 1 to %d", NM_MAX_VOLUMES);
	json_array_foreach(volumes, i, value)
	{
		int r = input_unpack(value, err, "volumes", "{s:s, s:s, s:s}", "id", &id,
		        "protector", &protector, "sealed", &sealed);
		if (r == 0)
			r = input_guid_or_empty(id, "volumes.id", err);
		if (r == 0)
			r = input_guid_or_empty(protector, "volumes.protector", err);
		if (r == 0)
			r = input_base64(sealed, SEALED_BYTES, "volumes.sealed", err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int release_status(const char *text, enum escrow_release_status *ret, struct error *err)
{
	if (strcmp(text, WIRE_RELEASED) == 0)
		*ret = ESCROW_RELEASED;
	else if (strcmp(text, WIRE_DENIED) == 0)
		*ret = ESCROW_DENIED;
	else if (strcmp(text, WIRE_PENDING) == 0)
		*ret = ESCROW_PENDING;
	else
		return input_bad(err, "status: not an answer");
	return 0;
}

int escrow_release_parse(json_t *answer, struct escrow_release *ret, struct error *err)
{
	const char *status, *reason, *text, *request, *code;
	struct escrow_release out = {0};
	json_t *volumes;

	int r = input_unpack(answer, err, "answer", "{s:s, s:s, s:s, s:s, s:s, s:o}", "status",
	        &status, "reason", &reason, "text", &text, "request", &request, "code", &code,
	        "volumes", &volumes);
	if (r == 0)
		r = release_status(status, &out.status, err);
	if (r == 0)
		r = input_reason(reason, &out.reason, "reason", err);
	if (r == 0 && request[0])
		r = input_hex(request, 8, "request", err);
	if (r == 0)
		r = input_length(code, ESCROW_CODE_TEXT - 1, "code", err);
	if (r == 0 && out.status == ESCROW_RELEASED)
		r = volumes_check(volumes, err);
	if (r < 0)
		return r;
	text_clean(out.text, sizeof(out.text), text);
	(void)snprintf(out.request, sizeof(out.request), "%s", request);
	(void)snprintf(out.code, sizeof(out.code), "%s", code);
	if (out.status == ESCROW_RELEASED)
		out.volumes = volumes;
	*ret = out;
	return 0;
}
