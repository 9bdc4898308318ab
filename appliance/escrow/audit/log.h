/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the log from its beginning, while somebody else may be appending. */
#ifndef ESCROW_AUDIT_LOG_H
#define ESCROW_AUDIT_LOG_H

#include "appliance/escrow/audit/chain.h"
#include "fixer/base/cleanup.h"

struct log;

/* The log as it is now: what is appended later is not seen. A log that is not there is an empty
 * one.
 */
int log_open(const char *dir, struct log **ret, struct error *err);
void log_close(struct log *log);

/* What the head file says of the log as it was opened. As head_read(). */
int log_head(const struct log *log, struct chain *ret);

struct log_line {
	enum chain_fault fault;
	size_t number;    /* of the line, from 1 */
	const char *text; /* its end included; not for the last line of a torn log */
	size_t len;
	json_t *record;            /* NULL with CHAIN_NO_RECORD */
	const struct chain *chain; /* after this line */
};

/* 1 with the next line, valid until the next call; 0 at the end; negative errno. */
int log_next(struct log *log, struct log_line *ret);

DEFINE_CLEANUP(struct log *, log_close)
#define CLEANUP_LOG CLEANUP(log_close_p)

#endif
