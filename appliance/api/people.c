/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The admin's calls about accounts. */
#include "appliance/api/export.h"
#include "appliance/api/hashing.h"
#include "appliance/api/person_call.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int person_append(const struct person *p, void *context)
{
	return json_array_append_new(
	        context, json_pack("{s:I, s:s, s:s, s:b, s:I, s:s, s:I}", "id", (json_int_t)p->id,
	                         "name", p->name, "role", role_name(p->role), "disabled",
	                         p->disabled, "created", (json_int_t)p->created, "created_by",
	                         p->created_by, "seen", (json_int_t)p->seen));
}

/* NULL: answered. */
static json_t *people_all(struct http_request *r, const struct web_api *a)
{
	json_t *list = json_array();
	int e = store_people(a->fleet->store, person_append, list);

	if (e == 0)
		return list;
	json_decref(list);
	call_undone(r, "accounts", e);
	return NULL;
}

void web_api_people(struct http_request *r, struct web_api *a)
{
	json_t *list = people_all(r, a);

	if (list)
		http_reply_json(
		        r, 200, json_pack("{s:i, s:o}", "v", NETMEND_WIRE_VERSION, "people", list));
}

void web_api_people_csv(struct http_request *r, struct web_api *a)
{
	static const struct export_column columns[] = {{"id", EXPORT_PLAIN}, {"name", EXPORT_PLAIN},
	        {"role", EXPORT_PLAIN}, {"disabled", EXPORT_PLAIN}, {"created", EXPORT_TIME},
	        {"created_by", EXPORT_PLAIN}, {"seen", EXPORT_TIME}};
	json_t *list = people_all(r, a);

	if (list)
		export_reply(r, list, columns, sizeof(columns) / sizeof(columns[0]));
}

/* What waits for its password: a new account (id 0) or a change of one. */
struct person_wait {
	struct hashing hashing;
	int64_t id;
	char name[PLACE_TEXT];
	int role, disabled; /* as of people_change */
};

static void person_ask(struct http_request *r, struct web_api *a, const struct person_wait *what,
        const char *password)
{
	struct person_wait *wait = malloc(sizeof(*wait));
	const struct hasher_question question = {.fresh = hashing_secret(password)};

	if (!wait || !question.fresh) {
		free(wait);
		secret_free(question.fresh);
		call_undone(r, "account", -ENOMEM);
		return;
	}
	*wait = *what;
	hashing_begin(r, a, &question, &wait->hashing);
}

/* ---- a new one ---- */

static void add_begin(struct http_request *r, struct web_api *a)
{
	const char *name, *role_text, *password;
	struct person_wait what = {.disabled = -1};
	enum role role;
	json_t *body;
	int v;

	bool good = call_values(r, &body, "{s:i, s:s, s:s, s:s}", "v", &v, "name", &name, "role",
	        &role_text, "password", &password);
	http_wipe_body(r);
	if (!good)
		return;
	if (call_person_name(r, name, what.name) && call_role(r, role_text, &role) &&
	        call_password_good(r, "password", password)) {
		what.role = (int)role;
		person_ask(r, a, &what, password);
	}
	json_decref(body);
}

static void add_end(struct http_request *r, struct web_api *a, const struct caller *who)
{
	const struct person_wait *wait = r->state;
	struct hasher_answer answer;
	int64_t id;

	if (!hashing_ended(r, a, &answer))
		return;
	int e = people_add(a->fleet->store, &who->actor, a->fleet->clock(), wait->name,
	        (enum role)wait->role, answer.fresh, &id);
	if (e < 0)
		call_undone(r, wait->name, e);
	else
		http_reply_json(r, 200,
		        json_pack("{s:i, s:I}", "v", NETMEND_WIRE_VERSION, "id", (json_int_t)id));
}

void web_api_person_add(struct http_request *r, struct web_api *a, const struct caller *who)
{
	if (r->state)
		add_end(r, a, who);
	else
		add_begin(r, a);
}

/* ---- a change ---- */

static void change_do(struct http_request *r, struct web_api *a, const struct caller *who,
        const struct person_wait *what, const char *hash)
{
	const struct people_change change = {
	        .role = what->role, .disabled = what->disabled, .hash = hash};

	call_done(r, a, "account",
	        people_change(a->fleet->store, &who->actor, a->fleet->clock(), what->id, &change));
}

static void change_begin(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct person_wait what = {.role = -1, .disabled = -1};
	const char *role_text = NULL, *password = NULL;
	enum role role = ROLE_VIEWER;
	json_t *body;
	int v;

	if (!call_number(r, "account", &what.id))
		return;
	bool good = call_values(r, &body, "{s:i, s?s, s?b, s?s}", "v", &v, "role", &role_text,
	        "disabled", &what.disabled, "password", &password);
	http_wipe_body(r);
	if (!good)
		return;
	if ((!role_text || call_role(r, role_text, &role)) &&
	        (!password || call_password_good(r, "password", password))) {
		if (role_text)
			what.role = (int)role;
		if (password)
			person_ask(r, a, &what, password);
		else
			change_do(r, a, who, &what, NULL);
	}
	json_decref(body);
}

void web_api_person_change(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct hasher_answer answer;

	if (!r->state)
		change_begin(r, a, who);
	else if (hashing_ended(r, a, &answer))
		change_do(r, a, who, r->state, answer.fresh);
}

void web_api_person_remove(struct http_request *r, struct web_api *a, const struct caller *who)
{
	int64_t id;

	if (call_number(r, "account", &id))
		call_done(r, a, "account",
		        people_remove(a->fleet->store, &who->actor, a->fleet->clock(), id));
}
