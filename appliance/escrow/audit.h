/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The audit record: one JSON object a line in DIR/audit.log, appended and on stable storage before
 * what it records takes effect. Each line carries the hash of the line before and its own; the head
 * file holds count and hash of the last line, so that a cut-off tail is found too.
 */
#ifndef ESCROW_AUDIT_H
#define ESCROW_AUDIT_H

#include "fixer/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct audit;

int audit_open(const char *dir, struct audit **ret, struct error *err);
void audit_close(struct audit *a);

/* fields: a JSON object without key material; not consumed. Adds n, time, prev and hash. Safe
 * between threads and processes. REASON_AUDIT_FAILED: nothing may be released on it. */
int audit_append(struct audit *a, const char *event, json_t *fields, struct error *err);

/* Checks the whole chain. *ret_count: records. -EBADMSG with the first bad line in err. */
int audit_verify(const char *dir, uint64_t *ret_count, struct error *err);

/* Prints the record, as lines for people or as it is. */
int audit_show(const char *dir, bool json, FILE *out, struct error *err);

#endif
