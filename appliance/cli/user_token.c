/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend user token`: what programs show instead of a password. */
#include "appliance/cli/table.h"
#include "appliance/cli/user.h"
#include "appliance/fleet/clock.h"
#include "appliance/people/people.h"
#include "fixer/base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_DEFAULT 90

static int read_days(const char *text, int *ret)
{
	char *end;

	*ret = DAYS_DEFAULT;
	if (!text)
		return CLI_OK;
	errno = 0;
	long days = strtol(text, &end, 10);
	if (errno || end == text || *end || days < 0 || days > API_TOKEN_DAYS)
		return cli_usage("--days: from 1 to 3650, or 0: it does not expire");
	*ret = (int)days;
	return CLI_OK;
}

static int token_add(const struct cli_call *call, struct store *store, const char *name)
{
	char secret[API_TOKEN_TEXT];
	enum role role = ROLE_VIEWER;
	int64_t id;
	int days = 0;

	int status = user_read_role(cli_value(call, "--role"), &role);
	if (status == CLI_OK)
		status = read_days(cli_value(call, "--days"), &days);
	if (status != CLI_OK)
		return status;
	int r = people_token_add(store, &call->actor, fleet_clock(), name, role, days, secret, &id);
	if (r < 0)
		return user_done(r, name);
	/* Alone on standard output, for a script; it is shown this once. */
	printf("%s\n", secret);
	secret_wipe(secret, sizeof(secret));
	return CLI_OK;
}

static int tell_token(const struct api_token *t, void *context)
{
	const char *name = context;

	if (strcmp(t->created_by, name) == 0)
		printf("the API token %s, made by %s, stays good: netmend user token remove %s\n",
		        t->name, name, t->name);
	return 0;
}

int user_tell_tokens(struct store *store, const char *name)
{
	return store_api_tokens(store, tell_token, (void *)(uintptr_t)name);
}

struct search {
	const char *name;
	int64_t id;
};

static int compare_name(const struct api_token *t, void *context)
{
	struct search *s = context;

	if (strcmp(t->name, s->name) == 0)
		s->id = t->id;
	return 0;
}

static int token_remove(const struct cli_call *call, struct store *store, const char *name)
{
	struct search search = {.name = name};
	int r = store_api_tokens(store, compare_name, &search);

	if (r == 0)
		r = search.id ? people_token_remove(store, &call->actor, fleet_clock(), search.id)
		              : -ENOENT;
	if (r == 0)
		printf("%s opens nothing any more\n", name);
	return user_done(r, name);
}

static int list_row(const struct api_token *t, void *context)
{
	char used[CLI_TIME_TEXT], expires[CLI_TIME_TEXT];

	cli_age_text(t->used, used);
	cli_time_text(t->expires, expires);
	table_cell(context, TABLE_PLAIN, "%s", t->name);
	table_cell(context, TABLE_PLAIN, "%s", role_name(t->role));
	table_cell(context, TABLE_PLAIN, "%s", used);
	table_cell(context, TABLE_PLAIN, "%s", expires);
	table_cell(context, TABLE_PLAIN, "%s", t->created_by);
	return 0;
}

static int list_object(const struct api_token *t, void *context)
{
	return json_array_append_new(
	        context, json_pack("{s:I, s:s, s:s, s:I, s:s, s:I, s:I}", "id", (json_int_t)t->id,
	                         "name", t->name, "role", role_name(t->role), "created",
	                         (json_int_t)t->created, "created_by", t->created_by, "expires",
	                         (json_int_t)t->expires, "used", (json_int_t)t->used));
}

static int token_list(const struct cli_call *call, struct store *store)
{
	static const struct table_column columns[] = {{.heading = "NAME", .whole = true},
	        {.heading = "ROLE"}, {.heading = "USED"}, {.heading = "EXPIRES"},
	        {.heading = "MADE BY"}};
	struct table *table CLEANUP_TABLE =
	        table_new(columns, sizeof(columns) / sizeof(columns[0]));
	json_t *tokens = call->options.json ? json_array() : NULL;
	int r = store_api_tokens(
	        store, tokens ? list_object : list_row, tokens ? (void *)tokens : (void *)table);

	if (r < 0) {
		json_decref(tokens);
		return user_done(r, "API tokens");
	}
	if (tokens)
		return cli_print_json(json_pack("{s:i, s:o}", "v", 1, "tokens", tokens));
	return user_done(table_print(table), "API tokens");
}

int user_token(const struct cli_call *call)
{
	const char *what = call->words[0];
	bool list = strcmp(what, "list") == 0, add = strcmp(what, "add") == 0;
	char name[PLACE_TEXT] = "";
	struct config config;
	struct store *store;

	if ((!list && !add && strcmp(what, "remove") != 0) || (call->count == 1) != list)
		return cli_usage(
		        "user token add NAME --role ROLE [--days N], list, or remove NAME");
	int status = list ? CLI_OK : user_read_name(call->words[1], name);
	if (status == CLI_OK)
		status = cli_open_store(&call->options, &config, &store);
	if (status != CLI_OK)
		return status;
	status = list  ? token_list(call, store)
	         : add ? token_add(call, store, name)
	               : token_remove(call, store, name);
	store_close(store);
	return status;
}
