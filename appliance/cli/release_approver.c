/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend release approver`: the people who may approve. */
#include "appliance/cli/cli.h"
#include "appliance/cli/passphrase.h"
#include "appliance/cli/release.h"
#include "appliance/cli/table.h"

#include <stdio.h>
#include <string.h>

static json_t *question(const char *action, const char *name, const struct secret *passphrase)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "op", "approver", "action", action, "name", name,
	        "passphrase", passphrase ? (const char *)passphrase->data : "");
}

static int add(const struct release_call *call, const char *name)
{
	struct secret *passphrase CLEANUP_SECRET = NULL;
	struct error err = {0};
	char prompt[96];

	(void)snprintf(prompt, sizeof(prompt), "Passphrase for %.64s", name);
	if (cli_read_passphrase(prompt, true, &passphrase, &err) < 0 ||
	        escrow_socket_order(call->escrow, question("add", name, passphrase),
	                RELEASE_SECONDS, NULL, &err) < 0)
		return cli_fail(&err);
	printf("%s may approve now.\n", name);
	return CLI_OK;
}

static int remove_one(const struct release_call *call, const char *name)
{
	struct error err = {0};

	if (escrow_socket_order(
	            call->escrow, question("remove", name, NULL), RELEASE_SECONDS, NULL, &err) < 0)
		return cli_fail(&err);
	printf("%s may not approve any more.\n", name);
	return CLI_OK;
}

static int list(const struct release_call *call)
{
	static const struct table_column columns[] = {{.heading = "approver", .whole = true}};
	struct table *table CLEANUP_TABLE = table_new(columns, 1);
	struct error err = {0};
	json_t *answer, *name;
	size_t i;

	if (escrow_socket_order(
	            call->escrow, question("list", "", NULL), RELEASE_SECONDS, &answer, &err) < 0)
		return cli_fail(&err);
	json_t *names = json_object_get(answer, "names");
	int status = call->json ? cli_print_json(json_incref(names)) : CLI_OK;
	if (!call->json)
		json_array_foreach(names, i, name) table_cell(table, TABLE_PLAIN, "%s",
		        json_is_string(name) ? json_string_value(name) : "");
	json_decref(answer);
	return call->json ? status : cli_print_table(table, "Nobody may approve yet.");
}

int release_approver(const struct release_call *call, int argc, char **argv)
{
	if (call->json && strcmp(argv[0], "list") != 0)
		return cli_usage("--json is of release approver list");
	if (argc == 2 && strcmp(argv[0], "add") == 0)
		return add(call, argv[1]);
	if (argc == 2 && strcmp(argv[0], "remove") == 0)
		return remove_one(call, argv[1]);
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		return list(call);
	return cli_usage("release approver add NAME, remove NAME, or list");
}
