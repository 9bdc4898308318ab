/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/graph_answer.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY_MAX     256 /* characters of a recovery password, which has 55 */
#define TOKEN_LIFE  86400
#define DEVICE_LIFE 3600

static int bad(struct error *err, const char *what)
{
	return error_set(err, -EBADMSG, REASON_SOURCE_FAILED, "answer not understood: %s", what);
}

static int load(const char *text, size_t len, json_t **ret, struct error *err)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(root)) {
		json_decref(root);
		return bad(err, "not a JSON object");
	}
	*ret = root;
	return 0;
}

/* A text of at most max bytes, all of them printable ASCII; NULL when it is not. */
static const char *ascii_of(const json_t *object, const char *key, size_t max)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!text || len == 0 || len > max)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return NULL;
	return text;
}

static struct secret *keep(const char *text)
{
	return text ? secret_copy(text, strlen(text) + 1) : NULL;
}

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a key");
}

/* ---- login ---- */

static int fill_token(const json_t *root, struct graph_token *t, struct error *err)
{
	const char *type = json_string_value(json_object_get(root, "token_type"));
	const char *access = ascii_of(root, "access_token", GRAPH_TOKEN_MAX);
	const char *refresh = ascii_of(root, "refresh_token", GRAPH_TOKEN_MAX);
	const json_t *seconds = json_object_get(root, "expires_in");

	if (!type || strcasecmp(type, "Bearer") != 0)
		return bad(err, "token_type is not Bearer");
	if (!access)
		return bad(err, "no access_token");
	if (json_object_get(root, "refresh_token") && !refresh)
		return bad(err, "refresh_token");
	t->seconds = json_integer_value(seconds);
	if (t->seconds < 1 || t->seconds > TOKEN_LIFE)
		return bad(err, "expires_in");
	t->access = keep(access);
	t->refresh = keep(refresh);
	return t->access && (t->refresh || !refresh) ? 0 : no_memory(err);
}

int graph_parse_token(const char *text, size_t len, struct graph_token *ret, struct error *err)
{
	struct graph_token token = {0};
	json_t *root = NULL;
	int r = load(text, len, &root, err);

	if (r == 0)
		r = fill_token(root, &token, err);
	json_decref(root);
	if (r == 0)
		*ret = token;
	else
		graph_token_clear(&token);
	return r;
}

void graph_token_clear(struct graph_token *t)
{
	secret_free(t->access);
	secret_free(t->refresh);
	*t = (struct graph_token){0};
}

static int fill_device(const json_t *root, struct graph_device *d, struct error *err)
{
	const char *code = ascii_of(root, "device_code", GRAPH_TOKEN_MAX);
	const char *user_code = ascii_of(root, "user_code", sizeof(d->user_code) - 1);
	const char *uri = ascii_of(root, "verification_uri", sizeof(d->uri) - 1);
	const json_t *interval = json_object_get(root, "interval");

	if (!code || !user_code || !uri || strncmp(uri, "https://", 8) != 0)
		return bad(err, "device_code, user_code or verification_uri");
	d->seconds = json_integer_value(json_object_get(root, "expires_in"));
	d->interval = interval ? json_integer_value(interval) : 5; /* RFC 8628, 3.2 */
	if (d->seconds < 1 || d->seconds > DEVICE_LIFE || d->interval < 1 || d->interval > 60)
		return bad(err, "expires_in or interval");
	memcpy(d->user_code, user_code, strlen(user_code) + 1);
	memcpy(d->uri, uri, strlen(uri) + 1);
	d->code = keep(code);
	return d->code ? 0 : no_memory(err);
}

int graph_parse_device(const char *text, size_t len, struct graph_device *ret, struct error *err)
{
	struct graph_device device = {0};
	json_t *root = NULL;
	int r = load(text, len, &root, err);

	if (r == 0)
		r = fill_device(root, &device, err);
	json_decref(root);
	if (r == 0)
		*ret = device;
	return r;
}

/* ---- recovery keys ---- */

/* The record's id in Entra ID is the protector's GUID, lower case. */
static int id_of(const json_t *record, struct guid *ret)
{
	const char *text = json_string_value(json_object_get(record, "id"));

	return text ? guid_parse(text, ret) : -EINVAL;
}

static int fill_key(
        const json_t *root, const struct guid *id, struct secret **ret, struct error *err)
{
	const json_t *value = json_object_get(root, "value");
	const json_t *record = json_is_object(value) ? value : root;
	const json_t *key = json_object_get(record, "key");
	struct guid said;

	if (json_object_get(record, "id") && (id_of(record, &said) < 0 || !guid_equal(&said, id)))
		return bad(err, "it is another record");
	if (!key || json_is_null(key) || (json_is_string(key) && json_string_length(key) == 0))
		return error_set(
		        err, -ENOENT, REASON_KEY_NOT_READABLE, "the record came without its key");
	if (!json_is_string(key) || json_string_length(key) > KEY_MAX)
		return bad(err, "key");
	*ret = keep(json_string_value(key));
	return *ret ? 0 : no_memory(err);
}

int graph_parse_key(
        const char *text, size_t len, const struct guid *id, struct secret **ret, struct error *err)
{
	json_t *root = NULL;
	int r = load(text, len, &root, err);

	if (r == 0)
		r = fill_key(root, id, ret, err);
	json_decref(root);
	return r;
}

/* "2020-06-15T13:45:30.1234567Z" to ms; 0 when it is not said so. */
static int64_t created_of(const json_t *record)
{
	const char *text = json_string_value(json_object_get(record, "createdDateTime"));
	char whole[ISO8601_TEXT];
	int64_t seconds;

	if (!text || strlen(text) < 20)
		return 0;
	memcpy(whole, text, 19);
	whole[19] = 'Z';
	whole[20] = 0;
	return iso8601_parse(whole, &seconds) == 0 ? seconds * 1000 : 0;
}

static int fill_record(const json_t *item, struct graph_record *r, struct error *err)
{
	const char *device = json_string_value(json_object_get(item, "deviceId"));
	struct guid guid;

	if (!json_is_object(item) || id_of(item, &r->id) < 0)
		return bad(err, "a record without id");
	if (device && guid_parse(device, &guid) == 0)
		guid_format(&guid, r->device);
	r->created = created_of(item);
	return 0;
}

static int fill_page(const json_t *root, struct graph_page *p, struct error *err)
{
	const json_t *list = json_object_get(root, "value");
	const json_t *next = json_object_get(root, "@odata.nextLink");
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count > GRAPH_PAGE_MAX)
		return bad(err, "no list of records, or too long a one");
	if (next && !ascii_of(root, "@odata.nextLink", GRAPH_LINK_MAX))
		return bad(err, "@odata.nextLink");
	p->records = calloc(count + 1, sizeof(*p->records));
	p->next = next ? strdup(json_string_value(next)) : NULL;
	if (!p->records || (next && !p->next))
		return no_memory(err);
	for (; p->count < count; p->count++) {
		int r = fill_record(json_array_get(list, p->count), &p->records[p->count], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int graph_parse_page(const char *text, size_t len, struct graph_page *ret, struct error *err)
{
	struct graph_page page = {0};
	json_t *root = NULL;
	int r = load(text, len, &root, err);

	if (r == 0)
		r = fill_page(root, &page, err);
	json_decref(root);
	if (r == 0)
		*ret = page;
	else
		graph_page_clear(&page);
	return r;
}

void graph_page_clear(struct graph_page *p)
{
	free(p->records);
	free(p->next);
	*p = (struct graph_page){0};
}

/* ---- refusals ---- */

/* Trace ids follow, on lines of their own or in the same one. */
static void first_line(const char *message, char out[GRAPH_MESSAGE_MAX])
{
	char line[2 * GRAPH_MESSAGE_MAX];

	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(message, "\r\n"), message);
	char *trace = strstr(line, " Trace ID");
	if (trace)
		*trace = 0;
	text_clean(out, GRAPH_MESSAGE_MAX, line);
}

void graph_parse_refusal(const char *text, size_t len, struct graph_refusal *ret)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *error = json_object_get(root, "error");
	bool nested = json_is_object(error);
	const char *code = json_string_value(nested ? json_object_get(error, "code") : error);
	const char *message =
	        json_string_value(nested ? json_object_get(error, "message")
	                                 : json_object_get(root, "error_description"));

	*ret = (struct graph_refusal){0};
	if (code)
		text_clean(ret->code, sizeof(ret->code), code);
	if (message)
		first_line(message, ret->message);
	json_decref(root);
}
