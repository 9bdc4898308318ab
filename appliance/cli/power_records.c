/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Management controllers in escrow's vault. The work is netmend-escrow's: this program reads no
 * password but the one typed for `login`, and hands that on. */
#include "appliance/cli/escrow_words.h"
#include "appliance/cli/power.h"
#include "appliance/supervisor/settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int power_import(const struct cli_call *call)
{
	const char *path = call->words[0];
	bool standard = strcmp(path, "-") == 0;
	char name[CONFIG_PATH_MAX + 16], number[12];
	struct escrow_words w = {0};
	int fd = standard ? STDIN_FILENO : escrow_words_open(path);

	if (fd < 0 || settings_pass(fd, number) < 0)
		return CLI_FAILED;
	(void)snprintf(name, sizeof(name), "%s:%s", number, standard ? "standard input" : path);
	if (escrow_words_key(&w, &call->options, ASK_IF_LOCKED) != CLI_OK)
		return CLI_FAILED;
	if (cli_value(call, "--dry-run"))
		escrow_words_add(&w, "--dry-run");
	escrow_words_add(&w, "--");
	escrow_words_add(&w, name);
	return cli_run_escrow(&call->options, "bmc-import", w.list);
}

/* verb with the vault opened, and up to two words. */
static int run(const struct cli_call *call, const char *verb, const char *word)
{
	struct escrow_words w = {0};

	if (escrow_words_key(&w, &call->options, ASK_IF_LOCKED) != CLI_OK)
		return CLI_FAILED;
	if (word) {
		escrow_words_add(&w, "--");
		escrow_words_add(&w, word);
	}
	return cli_run_escrow(&call->options, verb, w.list);
}

int power_list(const struct cli_call *call)
{
	return run(call, "bmc-list", NULL);
}

int power_logins(const struct cli_call *call)
{
	return run(call, "bmc-logins", NULL);
}

int power_remove(const struct cli_call *call)
{
	return run(call, "bmc-remove", call->words[0]);
}

int power_forget(const struct cli_call *call)
{
	return run(call, "bmc-forget", call->words[0]);
}

int power_login(const struct cli_call *call)
{
	const char *group = cli_value(call, "--group"), *user = cli_value(call, "--user");
	bool remove = cli_value(call, "--remove") != NULL;
	struct escrow_words w = {0};

	if (remove == (user != NULL) || (user && !user[0]))
		return cli_usage("power login --user USER, or power login --remove; both also with "
		                 "--group GROUP");
	if (escrow_words_key(&w, &call->options, ASK_IF_LOCKED) != CLI_OK ||
	        (user && escrow_words_typed(&w, "--secret-fd", "Password of the controllers' user",
	                         true) != CLI_OK))
		return CLI_FAILED;
	escrow_words_add(&w, "--");
	escrow_words_add(&w, group ? group : "");
	if (user)
		escrow_words_add(&w, user);
	return cli_run_escrow(&call->options, "bmc-login", w.list);
}
