/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The audit record: one JSON object a line in DIR/audit.log, appended and on stable storage before
 * what it records takes effect. Each line carries the hash of the line before and its own; the file
 * audit.head holds number, hash and end of the last line, so that a cut-off tail is found too.
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

/* From now on each record goes to the system's log, too (copy.h). Before this process gives up
 * opening sockets. A log that is not there is told of once and refuses nothing. */
void audit_copy_to_syslog(struct audit *a);
void audit_copy_to(struct audit *a, const char *path); /* the same, to another log's socket */

/*
 * fields: a JSON object without key material; not consumed. Adds n, time, prev and hash, which must
 * not be in it. On stable storage when 0 is returned. Safe between threads (those that wait share a
 * write: the more, the faster) and processes. REASON_AUDIT_FAILED: nothing may be released on it.
 * A log torn by a power cut, or changed, is told of in a record of its own: torn, damaged.
 */
int audit_append(struct audit *a, const char *event, json_t *fields, struct error *err);

/*
 * CONTRACT of what is recorded (fields beside n, time, event, prev, hash; all text clean):
 *   start    version, campaign, approval, sources[], locked
 *   release  campaign, decision (released | refused | expired | denied), reason, text, source,
 *            origin, approved_by[], machine, number, uuid, serial, mac, ip, session (hash),
 *            contact (media | unseen: nobody vouched for it),
 * rollout (the fleet's campaign), request, volume, protector, part (a release's volumes have a
 * record each, numbered from 1) refused-more  reason, machine, ip, count, protectors, from, until:
 * what was not recorded one by one, because the same machine was refused for the same reason many
 * times approve, deny   by, from, request, machine, ...    entered  from, machine, protector,
 * reason misuse   reason, count, machine, ip               suspect, stopped, resumed, trusted text
 *   torn, damaged   text: what was found at the end of the log before this record
 *   rotated  protector: its password is a new one, says a person
 *   import, list, protect, snapshot, wipe, unlock, approver-added, approver-removed   counts or
 *            name
 *   import of source "status page": from, account (who, as web says), by (the approver), file[],
 *            sha256, before anything is stored; imported follows: counts, text (what went wrong)
 *   bmc-import, bmc-login, bmc-remove, bmc-forget-certificate   counts; group, user; machine,
 *            address
 *   power    order, machine, number, uuid, serial, address, by, text (why), other: an order to a
 *            management controller, before it goes out; power-done follows: order, machine,
 *            number, address, reason, text
 */

struct audit_record {
	uint64_t n;
	int64_t at; /* ms since 1970, to the second */
	const char *event;
	json_t *fields;   /* the whole record, borrowed; see audit_text() */
	const char *line; /* as it stands in the log, its end included */
	size_t len;
	const char *hash;
};

/* A member of the record; "" when it is not there or no text. */
const char *audit_text(const struct audit_record *record, const char *name);

typedef int audit_fn(void *context, const struct audit_record *record);

/*
 * Every record in DIR, oldest first, until each() returns something else than 0. Lines that are no
 * records are passed over and the chain is not judged: that is audit_verify()'s business, and who
 * counts what was released had better count too much. No log is no record.
 */
int audit_each(const char *dir, audit_fn *each, void *context, struct error *err);

struct audit_verdict {
	uint64_t records, problems;
	uint64_t compared; /* with copies */
	char hash[65];     /* of the last record */
};

/*
 * Checks every byte of log and head, and each record of which there is a copy (lines of another
 * log, copy.h; copied may be NULL), and prints every problem to out, a line each. 0: could be
 * checked; the log is as it was written when ret->problems is 0.
 */
int audit_verify(
        const char *dir, FILE *copied, FILE *out, struct audit_verdict *ret, struct error *err);

#endif
