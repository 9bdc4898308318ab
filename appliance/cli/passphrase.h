/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLI_PASSPHRASE_H
#define CLI_PASSPHRASE_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"

#include <stdbool.h>

/*
 * A passphrase (1 to NM_MAX_PASSPHRASE bytes of UTF-8, without its line end) of the person at the
 * terminal, without echo, asked for again when twice is set; when standard input is no terminal,
 * its next line. Never from an argument, which everybody can see. The caller owns *ret, which is
 * followed by a NUL that len does not count. Does secrets_init(). -EINVAL with USAGE, -ECANCELED,
 * -EIO.
 */
int cli_read_passphrase(const char *prompt, bool twice, struct secret **ret, struct error *err);

#endif
