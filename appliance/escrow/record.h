/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of the audit record that this process writes (audit/audit.h says what is in which). */
#ifndef ESCROW_RECORD_H
#define ESCROW_RECORD_H

#include "appliance/escrow/audit/audit.h"
#include "appliance/escrow/message.h"
#include "appliance/escrow/policy/approvals.h"

/* One decision about a key. What is NULL or "" is left out. */
struct record_release {
	const char *campaign, *decision, *text, *session, *source, *origin;
	enum reason reason;
	const struct subject *subject;
	const struct request *request;
	const struct guid *volume, *protector;
	unsigned part; /* of a release: its volumes have a record each, numbered from 1; 0: none */
};

json_t *record_release(const struct record_release *r); /* NULL without memory */

/* Who it is about: machine (name), number, uuid, serial, mac, ip, rollout (its campaign). */
json_t *record_subject(const struct subject *s);

/* The first half of its hash: a record tells sessions apart and opens none. */
#define SESSION_HASH 17
void record_session(const char *session, char ret[SESSION_HASH]);

/* Appends fields (consumed; NULL: no memory) as such an event. REASON_AUDIT_FAILED. */
int record_append(struct audit *a, const char *event, json_t *fields, struct error *err);

/* The same for what has happened already and cannot be taken back: a failure is logged. */
void record_note(struct audit *a, const char *event, json_t *fields);

#endif
