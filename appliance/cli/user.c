/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend user`: accounts, on the store web uses and under web's user. */
#include "appliance/cli/passphrase.h"
#include "appliance/cli/table.h"
#include "appliance/cli/user.h"
#include "appliance/fleet/clock.h"
#include "appliance/people/password.h"
#include "appliance/people/people.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int user_done(int r, const char *what)
{
	static const struct {
		int code;
		const char *text;
	} known[] = {
	        {-ENOENT, "there is none of that name (see netmend user list)"},
	        {-EEXIST, "the name is taken"},
	        {-EPERM, "one admin who is not disabled has to be left"},
	        {-ENOSPC, "there are too many already"},
	        {-EBUSY, "the store is busy, try again"},
	};
	struct error err = {0};

	if (r == 0)
		return CLI_OK;
	const char *text = strerror(-r);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].code == r)
			text = known[i].text;
	error_set(&err, r, REASON_NOT_NOW, "%s: %s", what, text);
	return cli_fail(&err);
}

int user_read_role(const char *word, enum role *ret)
{
	int role = word ? role_parse(word) : -1;

	if (role < 0)
		return cli_usage("a role is viewer, operator, approver or admin");
	*ret = (enum role)role;
	return CLI_OK;
}

int user_read_name(const char *word, char ret[PLACE_TEXT])
{
	if (people_name(word, ret) == 0)
		return CLI_OK;
	return cli_usage("a name has 1 to 64 letters, digits and . _ @ -");
}

/* The password typed, or the first line of the file of --password-file: what the caller may read,
 * so before the change of user. */
static int read_password(const struct cli_call *call, const char *name, struct secret **ret)
{
	const char *file = cli_value(call, "--password-file");
	char prompt[PLACE_TEXT + 20];
	struct error err = {0};

	if (file && cli_open_input(file) != CLI_OK)
		return CLI_FAILED;
	(void)snprintf(prompt, sizeof(prompt), "password of %s", name);
	if (cli_read_passphrase(prompt, true, ret, &err) < 0)
		return cli_fail(&err);
	if (password_judge((const char *)(*ret)->data) == 0)
		return CLI_OK;
	secret_free(*ret);
	*ret = NULL;
	error_set(&err, -EINVAL, REASON_PASSWORD_WEAK,
	        "the password is too short: %d characters or more; it need not look complicated",
	        NM_PASSWORD_MIN);
	return cli_fail(&err);
}

static int open_store(const struct cli_call *call, struct store **ret)
{
	struct config config;

	return cli_open_store(&call->options, &config, ret);
}

static int user_add(const struct cli_call *call)
{
	struct secret *password CLEANUP_SECRET = NULL;
	char name[PLACE_TEXT], hash[PASSWORD_HASH_TEXT];
	struct store *store;
	enum role role = ROLE_VIEWER;
	int64_t id;

	int status = user_read_name(call->words[0], name);
	if (status == CLI_OK)
		status = user_read_role(cli_value(call, "--role"), &role);
	if (status == CLI_OK)
		status = read_password(call, name, &password);
	if (status == CLI_OK)
		status = open_store(call, &store);
	if (status != CLI_OK)
		return status;
	int r = password_hash(password, hash);
	if (r == 0)
		r = people_add(store, &call->actor, fleet_clock(), name, role, hash, &id);
	store_close(store);
	if (r == 0)
		printf("%s may sign in as %s\n", name, role_name(role));
	return user_done(r, name);
}

/* Changes the account of the first word, or removes it (NULL). */
static int change(const struct cli_call *call, const struct people_change *how, const char *told)
{
	char name[PLACE_TEXT];
	struct store *store;
	struct person person;

	int status = user_read_name(call->words[0], name);
	if (status == CLI_OK)
		status = open_store(call, &store);
	if (status != CLI_OK)
		return status;
	int r = store_person_by_name(store, name, &person);
	if (r == 0)
		r = how ? people_change(store, &call->actor, fleet_clock(), person.id, how)
		        : people_remove(store, &call->actor, fleet_clock(), person.id);
	if (r == 0) {
		printf("%s %s\n", name, told);
		/* Whoever may not come in any more may have left a way in. */
		if (!how || how->disabled == 1)
			r = user_tell_tokens(store, name);
	}
	store_close(store);
	return user_done(r, name);
}

static int user_role(const struct cli_call *call)
{
	char told[40];
	enum role role = ROLE_VIEWER;

	int status = user_read_role(call->words[1], &role);
	if (status != CLI_OK)
		return status;
	const struct people_change how = {.role = (int)role, .disabled = -1};
	(void)snprintf(told, sizeof(told), "is %s from now on", role_name(role));
	return change(call, &how, told);
}

static int user_password(const struct cli_call *call)
{
	struct secret *password CLEANUP_SECRET = NULL;
	char hash[PASSWORD_HASH_TEXT];

	int status = read_password(call, call->words[0], &password);
	if (status != CLI_OK)
		return status;
	int r = password_hash(password, hash);
	if (r < 0)
		return user_done(r, call->words[0]);
	const struct people_change how = {.role = -1, .disabled = -1, .hash = hash};
	return change(call, &how, "has a new password and has to sign in again");
}

static int user_disable(const struct cli_call *call)
{
	const struct people_change how = {.role = -1, .disabled = 1};

	return change(call, &how, "is disabled and signed out");
}

static int user_enable(const struct cli_call *call)
{
	const struct people_change how = {.role = -1, .disabled = 0};

	return change(call, &how, "may sign in again");
}

static int user_remove(const struct cli_call *call)
{
	return change(call, NULL, "is removed");
}

/* ---- looking ---- */

static int list_row(const struct person *p, void *context)
{
	char seen[CLI_TIME_TEXT];

	cli_age_text(p->seen, seen);
	table_cell(context, TABLE_PLAIN, "%s", p->name);
	table_cell(context, TABLE_PLAIN, "%s", role_name(p->role));
	table_cell(context, p->disabled ? TABLE_WARN : TABLE_PLAIN, "%s",
	        p->disabled ? "disabled" : "");
	table_cell(context, TABLE_PLAIN, "%s", seen);
	table_cell(context, TABLE_PLAIN, "%s", p->created_by);
	return 0;
}

static int list_object(const struct person *p, void *context)
{
	return json_array_append_new(
	        context, json_pack("{s:I, s:s, s:s, s:b, s:I, s:s, s:I}", "id", (json_int_t)p->id,
	                         "name", p->name, "role", role_name(p->role), "disabled",
	                         p->disabled, "created", (json_int_t)p->created, "created_by",
	                         p->created_by, "seen", (json_int_t)p->seen));
}

static int list_print(struct store *store)
{
	static const struct table_column columns[] = {{.heading = "NAME", .whole = true},
	        {.heading = "ROLE"}, {.heading = ""}, {.heading = "SEEN"}, {.heading = "MADE BY"}};
	struct table *table CLEANUP_TABLE =
	        table_new(columns, sizeof(columns) / sizeof(columns[0]));
	int r = store_people(store, list_row, table);

	return r < 0 ? r : table_print(table);
}

static int user_list(const struct cli_call *call)
{
	struct store *store;
	int status = open_store(call, &store);

	if (status != CLI_OK)
		return status;
	json_t *people = call->options.json ? json_array() : NULL;
	int r = people ? store_people(store, list_object, people) : list_print(store);
	store_close(store);
	if (r < 0) {
		json_decref(people);
		return user_done(r, "accounts");
	}
	return people ? cli_print_json(json_pack("{s:i, s:o}", "v", 1, "people", people)) : CLI_OK;
}

static int user_setup(const struct cli_call *call)
{
	char token[PASS_TEXT], url[CONFIG_URL_TEXT];
	struct config config;
	struct error err = {0};
	struct store *store;

	int status = cli_open_store(&call->options, &config, &store);
	if (status != CLI_OK)
		return status;
	int r = people_setup_new(store, &call->actor, fleet_clock(), token);
	store_close(store);
	if (r == -EEXIST) {
		error_set(&err, r, REASON_SETUP_CLOSED,
		        "there are accounts already; another one: netmend user add NAME --role "
		        "admin");
		return cli_fail(&err);
	}
	if (r < 0)
		return user_done(r, "set-up link");
	if (!config.address[0] && config_resolve_interface(&config, &err) < 0)
		return cli_fail(&err);
	config_page_url(&config, url);
	printf("%s/setup#%s\n", url, token);
	return CLI_OK;
}

static const struct cli_option add_options[] = {
        {"--role", "viewer|operator|approver|admin", "what the person may do"},
        {"--password-file", "FILE", "the password is its first line; - is standard input"},
        {0},
};
static const struct cli_option password_options[] = {
        {"--password-file", "FILE", "the password is its first line; - is standard input"},
        {0},
};
static const struct cli_option token_options[] = {
        {"--role", "viewer|operator|approver|admin", "add: what it opens"},
        {"--days", "N", "add: it expires after so many, 90 unless told; 0: never"},
        {0},
};

const struct cli_verb user_verbs[] = {
        {"list", "", 0, 0, CLI_JSON, NULL, "who may sign in, and as what", user_list},
        {"add", "NAME", 1, 1, 0, add_options, "a new account; its password is asked for", user_add},
        {"role", "NAME viewer|operator|approver|admin", 2, 2, 0, NULL,
                "what the person may do from now on", user_role},
        {"password", "NAME", 1, 1, 0, password_options, "a new password, asked for", user_password},
        {"disable", "NAME", 1, 1, 0, NULL, "signed out at once, may not sign in", user_disable},
        {"enable", "NAME", 1, 1, 0, NULL, "may sign in again", user_enable},
        {"remove", "NAME", 1, 1, 0, NULL, "the account is gone; what it did stays on record",
                user_remove},
        {"setup", "", 0, 0, 0, NULL, "a new link that makes the first account", user_setup},
        {"token", "add|list|remove [NAME]", 1, 2, CLI_JSON, token_options,
                "API tokens; add prints it, this once", user_token},
        {0},
};
