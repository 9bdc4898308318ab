/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/fetch_answer.h"

#include <errno.h>
#include <string.h>

void fetch_answer_clear(struct fetch_answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		secret_free(a->candidates[i].key);
	*a = (struct fetch_answer){0};
}

/* Only the reasons a source may have. */
static int get_reason(const char *text, enum reason *ret)
{
	static const enum reason known[] = {REASON_OK, REASON_KEY_NOT_FOUND,
	        REASON_KEY_NOT_READABLE, REASON_SOURCE_NO_RIGHTS, REASON_SOURCE_UNREACHABLE,
	        REASON_SOURCE_CERTIFICATE, REASON_SOURCE_LOGIN, REASON_SOURCE_LOGIN_NEEDED,
	        REASON_SOURCE_LIMITED, REASON_SOURCE_FAILED};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(text, reason_code(known[i])) == 0) {
			*ret = known[i];
			return 0;
		}
	return -EBADMSG;
}

/* -EINVAL: no recovery password. */
static int get_key(const char *password, struct secret **ret)
{
	unsigned group;
	int r = recovery_password_parse(password, strlen(password), ret, &group, NULL);

	return r == -EINVAL || r == -ENOMEM ? r : r < 0 ? -EINVAL : 0;
}

static int take_candidate(json_t *j, struct fetch_answer *ret)
{
	const char *password, *origin;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s}", "password", &password, "origin",
	            &origin) < 0)
		return -EBADMSG;
	struct fetch_candidate *c = &ret->candidates[ret->count];
	int r = get_key(password, &c->key);
	if (r == -EINVAL) {
		ret->malformed++;
		return 0;
	}
	if (r < 0)
		return r;
	text_clean(c->origin, sizeof(c->origin), origin);
	ret->count++;
	return 0;
}

int fetch_answer_lookup(json_t *j, struct fetch_answer *ret)
{
	struct fetch_answer a = {0};
	const char *reason, *text;
	json_t *list;
	json_int_t v, id;
	int r = 0;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:o}", "v", &v, "id", &id,
	            "reason", &reason, "text", &text, "candidates", &list) < 0 ||
	        v != 1 || get_reason(reason, &a.reason) < 0 || !json_is_array(list) ||
	        json_array_size(list) > NM_MAX_CANDIDATES)
		return -EBADMSG;
	text_clean(a.text, sizeof(a.text), text);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = take_candidate(json_array_get(list, i), &a);
	if (r < 0)
		fetch_answer_clear(&a);
	else
		*ret = a;
	return r;
}

static int take_source(json_t *j, struct fetch_source *ret)
{
	const char *name, *type, *reason, *text;
	json_int_t checked;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s,s:s,s:s,s:I}", "name", &name, "type",
	            &type, "reason", &reason, "text", &text, "checked", &checked) < 0 ||
	        get_reason(reason, &ret->reason) < 0)
		return -EBADMSG;
	text_clean(ret->name, sizeof(ret->name), name);
	text_clean(ret->type, sizeof(ret->type), type);
	text_clean(ret->text, sizeof(ret->text), text);
	ret->checked = checked < 0 ? 0 : checked;
	return 0;
}

int fetch_answer_status(json_t *j, struct fetch_source ret[NM_MAX_SOURCES], size_t *ret_count)
{
	json_t *list;
	json_int_t v, id;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:o}", "v", &v, "id", &id, "sources",
	            &list) < 0 ||
	        v != 1 || !json_is_array(list) || json_array_size(list) > NM_MAX_SOURCES)
		return -EBADMSG;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (take_source(json_array_get(list, i), &ret[i]) < 0)
			return -EBADMSG;
	*ret_count = json_array_size(list);
	return 0;
}

int fetch_answer_page(json_t *j, struct fetch_page *ret)
{
	const char *reason, *text;
	json_int_t v, id;
	int done;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:o,s:b,s:s,s:s}", "v", &v, "id", &id,
	            "records", &ret->records, "done", &done, "reason", &reason, "text",
	            &text) < 0 ||
	        v != 1 || !json_is_array(ret->records) || get_reason(reason, &ret->reason) < 0)
		return -EBADMSG;
	ret->done = done;
	text_clean(ret->text, sizeof(ret->text), text);
	return 0;
}

int fetch_answer_record(json_t *j, struct fetch_record *ret)
{
	const char *protector, *password, *host;
	json_int_t changed;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s,s:s,s:I}", "protector", &protector,
	            "password", &password, "host", &host, "changed", &changed) < 0 ||
	        guid_parse(protector, &ret->protector) < 0)
		return -EBADMSG;
	text_clean(ret->host, sizeof(ret->host), host);
	ret->changed = changed < 0 ? 0 : changed;
	return get_key(password, &ret->key);
}
