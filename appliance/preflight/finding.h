/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What preflight has to say: each with what to do about it. */
#ifndef PREFLIGHT_FINDING_H
#define PREFLIGHT_FINDING_H

#include <stddef.h>

#define FINDINGS_MAX 64
#define FINDING_WHAT 512
#define FINDING_FIX  1024

/* OK: looked at, and as it should be. NOTE: not known, or fine for some. PROBLEM: machines would
 * not come, or not get through. */
enum finding_level { FINDING_OK, FINDING_NOTE, FINDING_PROBLEM };

struct finding {
	const char *check; /* which one: "dhcp", "ports", ... */
	enum finding_level level;
	char what[FINDING_WHAT]; /* a line */
	char fix[FINDING_FIX];   /* lines to type or to hand on; "": nothing to do */
};

struct findings {
	size_t count, problems;
	struct finding list[FINDINGS_MAX];
};

/* Clean text in any case: values may come from the network. Of more than FINDINGS_MAX the last is
 * written over. */
struct finding *finding_add(struct findings *all, const char *check, enum finding_level level,
        const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A further line of its fix. */
void finding_fix(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *finding_level_name(enum finding_level level); /* "ok", "note", "problem" */

#endif
