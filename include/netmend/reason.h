/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reason codes: enum, wire strings and advice, all generated from reason.def. */
#ifndef NETMEND_REASON_H
#define NETMEND_REASON_H

enum reason {
#define REASON(code, severity, actor, title, advice) REASON_##code,
#include "netmend/reason.def"
#undef REASON
	REASON_COUNT
};

/* All strings are static. An invalid code answers as REASON_INTERNAL. */
const char *reason_code(enum reason r);     /* "KEY_NOT_FOUND", as on the wire */
const char *reason_severity(enum reason r); /* "ok" "wait" "warn" "fail" */
const char *reason_actor(enum reason r);    /* "none" "floor" "operator" "escrow" "developer" */
const char *reason_title(enum reason r);
const char *reason_advice(enum reason r);

/* The reason of a wire string; -1 when there is none. */
int reason_parse(const char *code);

#endif
