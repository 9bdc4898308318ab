/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/escrow_words.h"
#include "appliance/cli/passphrase.h"
#include "appliance/supervisor/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void escrow_words_add(struct escrow_words *w, const char *word)
{
	if (w->count < CLI_ESCROW_WORDS_MAX)
		w->list[w->count++] = word;
}

int escrow_words_fd(struct escrow_words *w, const char *option, int fd)
{
	char *number = w->numbers[w->number_count++];
	struct error err = {0};
	int r = settings_pass(fd, number);

	if (r < 0) {
		error_set(&err, r, REASON_INTERNAL, "cannot hand over a file: %s", strerror(-r));
		return cli_fail(&err);
	}
	escrow_words_add(w, option);
	escrow_words_add(w, number);
	return CLI_OK;
}

int escrow_words_open(const char *path)
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

int escrow_words_typed(struct escrow_words *w, const char *option, const char *prompt, bool twice)
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
	return escrow_words_fd(w, option, fd);
}

static bool vault_is_made(const struct config *config)
{
	char path[CONFIG_PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/escrow/vault.db", config->state);
	return access(path, F_OK) == 0;
}

int escrow_words_key(
        struct escrow_words *w, const struct cli_options *options, enum escrow_asking asking)
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
	int status = escrow_words_fd(w, "--settings-fd", fd);
	bool ask = asking == ASK_IF_LOCKED || (asking == ASK_IF_MADE && vault_is_made(&config));
	if (status == CLI_OK && ask && config.vault_key.place == VAULT_FROM_PERSON)
		status = escrow_words_typed(w, "--passphrase-fd", "Passphrase of the vault", false);
	return status;
}
