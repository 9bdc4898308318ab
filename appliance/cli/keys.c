/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend keys`. The work is netmend-escrow's: this program never reads a recovery key. */
#include "appliance/cli/keys.h"
#include "appliance/cli/escrow_words.h"
#include "appliance/supervisor/settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 64 /* of one import */

/* --- verbs ---------------------------------------------------------------------------------------
 */

/* Files are opened as the caller: whose they are decides who may read them. */
static int do_import(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	char **words = call->words;
	char names[FILES_MAX][CONFIG_PATH_MAX + 16];
	struct escrow_words w = {0};
	size_t count = 0;

	for (; words[count]; count++) {
		bool standard = strcmp(words[count], "-") == 0;
		if (count == FILES_MAX)
			return cli_usage("keys import takes 64 files at once");
		int fd = standard ? STDIN_FILENO : escrow_words_open(words[count]);
		char number[12];
		if (fd < 0 || settings_pass(fd, number) < 0)
			return CLI_FAILED;
		(void)snprintf(names[count], sizeof(names[count]), "%s:%s", number,
		        standard ? "standard input" : words[count]);
	}
	if (escrow_words_key(&w, options, ASK_IF_LOCKED) != CLI_OK)
		return CLI_FAILED;
	if (cli_value(call, "--dry-run"))
		escrow_words_add(&w, "--dry-run");
	escrow_words_add(&w, "--");
	for (size_t i = 0; i < count; i++)
		escrow_words_add(&w, names[i]);
	return cli_run_escrow(options, "import", w.list);
}

static int do_list(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	const char *inventory = cli_value(call, "--missing");
	struct escrow_words w = {0};

	if (inventory) {
		int fd = strcmp(inventory, "-") == 0 ? STDIN_FILENO : escrow_words_open(inventory);
		if (fd < 0 || escrow_words_fd(&w, "--inventory-fd", fd) != CLI_OK)
			return CLI_FAILED;
	}
	return escrow_words_key(&w, options, ASK_IF_LOCKED) == CLI_OK
	               ? cli_run_escrow(options, "list", w.list)
	               : CLI_FAILED;
}

static int do_status(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	struct escrow_words w = {0};

	return escrow_words_key(&w, options, ASK_NEVER) == CLI_OK
	               ? cli_run_escrow(options, "status", w.list)
	               : CLI_FAILED;
}

static int do_wipe(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	char line[16] = "";
	struct escrow_words w = {0};

	if (!cli_value(call, "--yes")) {
		fputs("This removes every recovery key from the vault. Only another import or "
		      "snapshot brings them back.\nType wipe to go on: ",
		        stderr);
		if (!fgets(line, sizeof(line), stdin) || strcmp(line, "wipe\n") != 0) {
			fputs("netmend: nothing was removed\n", stderr);
			return CLI_FAILED;
		}
	}
	return escrow_words_key(&w, options, ASK_IF_LOCKED) == CLI_OK
	               ? cli_run_escrow(options, "wipe", w.list)
	               : CLI_FAILED;
}

static int do_passphrase(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	char **words = call->words;
	bool file = words[0] && strcmp(words[0], "file") == 0 && words[1] && !words[2];
	bool automatic = words[0] && strcmp(words[0], "auto") == 0 && !words[1];
	struct escrow_words w = {0};
	int status = CLI_OK;

	if (words[0] && !file && !automatic)
		return cli_usage(
		        "keys passphrase, or keys passphrase auto, or keys passphrase file "
		        "PATH");
	if (file) {
		int fd = escrow_words_open(words[1]);
		status = fd < 0 ? CLI_FAILED : escrow_words_fd(&w, "--secret-fd", fd);
	}
	if (status == CLI_OK)
		status = escrow_words_key(&w, options, ASK_IF_MADE);
	if (status == CLI_OK && !file && !automatic)
		status = escrow_words_typed(&w, "--secret-fd", "New passphrase of the vault", true);
	if (status != CLI_OK)
		return status;
	if (words[0])
		escrow_words_add(&w, words[0]);
	return cli_run_escrow(options, "passphrase", w.list);
}

static const struct cli_option import_options[] = {
        {"--dry-run", NULL, "only says what it would do"},
        {0},
};
static const struct cli_option list_options[] = {
        {"--missing", "FILE", "which machines of an inventory it has no key of"},
        {0},
};
static const struct cli_option wipe_options[] = {
        {"--yes", NULL, "do not ask"},
        {0},
};

const struct cli_verb keys_verbs[] = {
        {"import", "FILE...", 1, CLI_MANY, 0, import_options, "recovery keys from CSV into escrow",
                do_import},
        {"list", "", 0, 0, CLI_JSON | CLI_WATCH, list_options,
                "which machines it has keys of, and since when", do_list},
        {"status", "", 0, 0, CLI_JSON | CLI_WATCH, NULL,
                "how many, snapshots, what opens the vault", do_status},
        {"sources", "", 0, 0, CLI_JSON | CLI_WATCH, NULL,
                "each source of keys, and whether it works", keys_sources},
        {"snapshot", "[SOURCE]", 0, 1, 0, NULL, "pull everything a source has into the vault",
                keys_snapshot},
        {"passphrase", "[auto|file] [FILE]", 0, 2, 0, NULL,
                "what opens the vault from now on; without a word it is typed", do_passphrase},
        {"unlock", "", 0, 0, 0, NULL, "type it, after a start with vault-key = ask", keys_unlock},
        {"wipe", "", 0, 0, 0, wipe_options, "remove every key, when the campaign is over", do_wipe},
        {0},
};
