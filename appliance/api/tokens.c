/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The admin's calls about API tokens. */
#include "appliance/api/export.h"
#include "appliance/api/person_call.h"
#include "netmend/version.h"

static int token_append(const struct api_token *t, void *context)
{
	return json_array_append_new(
	        context, json_pack("{s:I, s:s, s:s, s:I, s:s, s:I, s:I}", "id", (json_int_t)t->id,
	                         "name", t->name, "role", role_name(t->role), "created",
	                         (json_int_t)t->created, "created_by", t->created_by, "expires",
	                         (json_int_t)t->expires, "used", (json_int_t)t->used));
}

/* NULL: answered. */
static json_t *tokens_all(struct http_request *r, const struct web_api *a)
{
	json_t *list = json_array();
	int e = store_api_tokens(a->fleet->store, token_append, list);

	if (e == 0)
		return list;
	json_decref(list);
	call_undone(r, "API tokens", e);
	return NULL;
}

void web_api_tokens(struct http_request *r, struct web_api *a)
{
	json_t *list = tokens_all(r, a);

	if (list)
		http_reply_json(
		        r, 200, json_pack("{s:i, s:o}", "v", NETMEND_WIRE_VERSION, "tokens", list));
}

void web_api_tokens_csv(struct http_request *r, struct web_api *a)
{
	static const struct export_column columns[] = {{"id", EXPORT_PLAIN}, {"name", EXPORT_PLAIN},
	        {"role", EXPORT_PLAIN}, {"created", EXPORT_TIME}, {"created_by", EXPORT_PLAIN},
	        {"expires", EXPORT_TIME}, {"used", EXPORT_TIME}};
	json_t *list = tokens_all(r, a);

	if (list)
		export_reply(r, list, columns, sizeof(columns) / sizeof(columns[0]));
}

void web_api_token_add(struct http_request *r, struct web_api *a, const struct caller *who)
{
	const char *typed, *role_text;
	char name[PLACE_TEXT], secret[API_TOKEN_TEXT];
	int64_t id;
	enum role role;
	json_t *body;
	int v, days;

	if (!call_values(r, &body, "{s:i, s:s, s:s, s:i}", "v", &v, "name", &typed, "role",
	            &role_text, "days", &days))
		return;
	if (days < 0 || days > API_TOKEN_DAYS)
		call_bad_value(r, "days", "from 1 to 3650, or 0: it does not expire");
	else if (call_person_name(r, typed, name) && call_role(r, role_text, &role)) {
		int e = people_token_add(a->fleet->store, &who->actor, a->fleet->clock(), name,
		        role, days, secret, &id);
		if (e < 0)
			call_undone(r, name, e);
		else
			http_reply_json(r, 200,
			        json_pack("{s:i, s:I, s:s}", "v", NETMEND_WIRE_VERSION, "id",
			                (json_int_t)id, "token", secret));
		secret_wipe(secret, sizeof(secret));
	}
	json_decref(body);
}

void web_api_token_remove(struct http_request *r, struct web_api *a, const struct caller *who)
{
	int64_t id;

	if (call_number(r, "API token", &id))
		call_done(r, a, "API token",
		        people_token_remove(a->fleet->store, &who->actor, a->fleet->clock(), id));
}
