/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What netmend-escrow is handed by `netmend keys` and `netmend power`: words, open files, secrets
 * through pipes. Each function has printed why it failed. */
#ifndef CLI_ESCROW_WORDS_H
#define CLI_ESCROW_WORDS_H

#include "appliance/cli/escrow.h"

/* The words handed to netmend-escrow. Starts from {0}. */
struct escrow_words {
	const char *list[CLI_ESCROW_WORDS_MAX + 1];
	size_t count;
	char numbers[4][12];
	size_t number_count;
};

void escrow_words_add(struct escrow_words *w, const char *word);

/* option and fd, which passes through exec(). An exit status. */
int escrow_words_fd(struct escrow_words *w, const char *option, int fd);

/* Opened as the caller: whose file it is decides who may read it. The descriptor, or -1. */
int escrow_words_open(const char *path);

/* option and a pipe with what the person types, twice if so. An exit status. */
int escrow_words_typed(struct escrow_words *w, const char *option, const char *prompt, bool twice);

/* When the person is asked for the vault's passphrase, where the configuration has none. */
enum escrow_asking { ASK_NEVER, ASK_IF_LOCKED, ASK_IF_MADE };

/* What opens the vault, as the configuration has it. An exit status. */
int escrow_words_key(
        struct escrow_words *w, const struct cli_options *options, enum escrow_asking asking);

#endif
