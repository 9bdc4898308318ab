/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a program wrote, looked at. No I/O. */
#ifndef FETCH_EXEC_OUTPUT_H
#define FETCH_EXEC_OUTPUT_H

#include "appliance/fetch/source.h"

/* Each line of len bytes of text is a candidate; blanks around it and empty lines do not count.
 * Candidates past NM_MAX_CANDIDATES are left out. -EBADMSG with SOURCE_FAILED: bytes that are no
 * text, or a line nobody could take for a password; -ENOMEM. */
int exec_candidates(const char *text, size_t len, const char *origin, struct source_answer *ret,
        struct error *err);

/* A program's words for a log: clean, and with a '#' for each digit where six or more stand
 * together, in case it tells what it must not. */
void exec_errors_clean(const char *text, size_t len, char *out, size_t size);

#endif
