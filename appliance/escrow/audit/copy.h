/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies of audit records for another place than this disk: a log that was rewritten as a whole is
 * found by comparing it with them. Sent to the system's log (facility authpriv), which may forward
 * them; that log is a convenience, and never blocks or refuses a release.
 *
 * A line of it: "netmend-audit N PART/PARTS HASH TEXT"; the TEXTs of a record's parts put together
 * are the record. Lines stay below 1,000 bytes, what old syslog lets through.
 */
#ifndef ESCROW_AUDIT_COPY_H
#define ESCROW_AUDIT_COPY_H

#include "appliance/escrow/audit/chain.h"

struct copy;

/* path: of the log's socket. Called before this process gives up opening sockets. NULL when there
 * is no socket or memory to be had. */
struct copy *copy_open(const char *path);
void copy_close(struct copy *c); /* NULL is fine */

/* lines: whole records. How many bytes of them are there now; the others may be sent later. One
 * thread at a time. */
size_t copy_send(struct copy *c, const char *lines, size_t len);

/* Finds the first "netmend-audit N PART/PARTS HASH" in a line of any log. False when there is none.
 */
bool copy_find(const char *line, uint64_t *ret_n, char ret_hash[AUDIT_HASH]);

#endif
