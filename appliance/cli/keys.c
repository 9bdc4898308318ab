/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend keys`. The work is netmend-escrow's: this program never reads a recovery key. */
#include "appliance/cli/keys.h"
#include "appliance/cli/escrow.h"
#include "appliance/cli/passphrase.h"
#include "appliance/supervisor/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 64 /* of one import */

/* The words handed to netmend-escrow. */
struct words {
	const char *list[CLI_ESCROW_WORDS_MAX + 1];
	size_t count;
	char numbers[4][12];
	size_t number_count;
};

static void add(struct words *w, const char *word)
{
	if (w->count < CLI_ESCROW_WORDS_MAX)
		w->list[w->count++] = word;
}

/* option and fd, which passes through exec(). */
static int add_fd(struct words *w, const char *option, int fd)
{
	char *number = w->numbers[w->number_count++];
	struct error err = {0};
	int r = settings_pass(fd, number);

	if (r < 0) {
		error_set(&err, r, REASON_INTERNAL, "cannot hand over a file: %s", strerror(-r));
		return cli_fail(&err);
	}
	add(w, option);
	add(w, number);
	return CLI_OK;
}

static int open_file(const char *path)
{
	struct error err = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		error_set(&err, -errno, REASON_CANNOT_OPEN, "cannot open %s: %s", path,
		        strerror(errno));
		(void)cli_fail(&err);
	}
	return fd;
}

/* --- secrets -------------------------------------------------------------------------------------
 */

/* A pipe with the secret in it: its reading end, or -1. */
static int pipe_of(const struct secret *secret)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	/* At most NM_MAX_PASSPHRASE bytes: a pipe holds them. */
	if (write(ends[1], secret->data, secret->len) != (ssize_t)secret->len) {
		(void)close(ends[0]);
		ends[0] = -1;
	}
	(void)close(ends[1]);
	return ends[0];
}

static int add_passphrase(struct words *w, const char *option, const char *prompt, bool twice)
{
	struct secret *passphrase CLEANUP_SECRET = NULL;
	struct error err = {0};
	int r = cli_read_passphrase(prompt, twice, &passphrase, &err);

	if (r < 0)
		return cli_fail(&err);
	int fd = pipe_of(passphrase);
	if (fd < 0) {
		error_set(&err, -errno, REASON_INTERNAL, "cannot make a pipe: %s", strerror(errno));
		return cli_fail(&err);
	}
	return add_fd(w, option, fd);
}

enum asking { ASK_NEVER, ASK_IF_LOCKED, ASK_IF_MADE };

static bool vault_is_made(const struct config *config)
{
	char path[CONFIG_PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/escrow/vault.db", config->state);
	return access(path, F_OK) == 0;
}

/* What opens the vault, as the configuration has it; of the person, when it has none. */
static int add_key(struct words *w, const struct cli_options *options, enum asking asking)
{
	struct config config;
	struct error err = {0};
	int fd;

	if (secrets_init() < 0)
		return CLI_FAILED;
	if (cli_load_config(options, &config, &err) < 0)
		return cli_fail(&err);
	/* escrow-user himself may work on a vault that has its own key file. */
	if (geteuid() != 0 && config.vault_key.place == VAULT_FROM_STATE)
		return CLI_OK;
	if (settings_for_escrow(&config, &fd, &err) < 0)
		return cli_fail(&err);
	int status = add_fd(w, "--settings-fd", fd);
	bool ask = asking == ASK_IF_LOCKED || (asking == ASK_IF_MADE && vault_is_made(&config));
	if (status == CLI_OK && ask && config.vault_key.place == VAULT_FROM_PERSON)
		status = add_passphrase(w, "--passphrase-fd", "Passphrase of the vault", false);
	return status;
}

/* --- verbs ---------------------------------------------------------------------------------------
 */

/* Files are opened as the caller: whose they are decides who may read them. */
static int do_import(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	char **words = call->words;
	char names[FILES_MAX][CONFIG_PATH_MAX + 16];
	struct words w = {0};
	size_t count = 0;

	for (; words[count]; count++) {
		bool standard = strcmp(words[count], "-") == 0;
		if (count == FILES_MAX)
			return cli_usage("keys import takes 64 files at once");
		int fd = standard ? STDIN_FILENO : open_file(words[count]);
		char number[12];
		if (fd < 0 || settings_pass(fd, number) < 0)
			return CLI_FAILED;
		(void)snprintf(names[count], sizeof(names[count]), "%s:%s", number,
		        standard ? "standard input" : words[count]);
	}
	if (add_key(&w, options, ASK_IF_LOCKED) != CLI_OK)
		return CLI_FAILED;
	if (cli_value(call, "--dry-run"))
		add(&w, "--dry-run");
	add(&w, "--");
	for (size_t i = 0; i < count; i++)
		add(&w, names[i]);
	return cli_run_escrow(options, "import", w.list);
}

static int do_list(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	const char *inventory = cli_value(call, "--missing");
	struct words w = {0};

	if (inventory) {
		int fd = strcmp(inventory, "-") == 0 ? STDIN_FILENO : open_file(inventory);
		if (fd < 0 || add_fd(&w, "--inventory-fd", fd) != CLI_OK)
			return CLI_FAILED;
	}
	return add_key(&w, options, ASK_IF_LOCKED) == CLI_OK
	               ? cli_run_escrow(options, "list", w.list)
	               : CLI_FAILED;
}

static int do_status(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	struct words w = {0};

	return add_key(&w, options, ASK_NEVER) == CLI_OK ? cli_run_escrow(options, "status", w.list)
	                                                 : CLI_FAILED;
}

static int do_wipe(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	char line[16] = "";
	struct words w = {0};

	if (!cli_value(call, "--yes")) {
		fputs("This removes every recovery key from the vault. Only another import or "
		      "snapshot brings them back.\nType wipe to go on: ",
		        stderr);
		if (!fgets(line, sizeof(line), stdin) || strcmp(line, "wipe\n") != 0) {
			fputs("netmend: nothing was removed\n", stderr);
			return CLI_FAILED;
		}
	}
	return add_key(&w, options, ASK_IF_LOCKED) == CLI_OK
	               ? cli_run_escrow(options, "wipe", w.list)
	               : CLI_FAILED;
}

static int do_passphrase(const struct cli_call *call)
{
	const struct cli_options *options = &call->options;
	char **words = call->words;
	bool file = words[0] && strcmp(words[0], "file") == 0 && words[1] && !words[2];
	bool automatic = words[0] && strcmp(words[0], "auto") == 0 && !words[1];
	struct words w = {0};
	int status = CLI_OK;

	if (words[0] && !file && !automatic)
		return cli_usage(
		        "keys passphrase, or keys passphrase auto, or keys passphrase file "
		        "PATH");
	if (file) {
		int fd = open_file(words[1]);
		status = fd < 0 ? CLI_FAILED : add_fd(&w, "--secret-fd", fd);
	}
	if (status == CLI_OK)
		status = add_key(&w, options, ASK_IF_MADE);
	if (status == CLI_OK && !file && !automatic)
		status = add_passphrase(&w, "--secret-fd", "New passphrase of the vault", true);
	if (status != CLI_OK)
		return status;
	if (words[0])
		add(&w, words[0]);
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
