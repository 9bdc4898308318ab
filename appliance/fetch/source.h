/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One kind of place recovery passwords are kept. A source is opened once, with what the
 * configuration says, and asked by several threads at once (at most `workers`); it never sees a
 * disk, a blob or the vault. What it answers is a claim: escrow tries it on the machine's blob.
 */
#ifndef FETCH_SOURCE_H
#define FETCH_SOURCE_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"

#include <stdbool.h>

/* What the configuration's [source NAME] holds, checked there as far as text can be; contents of
 * files stand under the name of their key without "-file". */
struct source_option {
	const char *key, *value;
};
struct source_options {
	const char *name;
	size_t count;
	struct source_option *options;
};
/* NULL when it is not given. */
const char *source_option(const struct source_options *o, const char *key);

struct source_question {
	struct guid protector;
	char name[NM_MAX_NAME], serial[NM_MAX_NAME], uuid[NM_MAX_NAME], mac[32];
};

struct source_candidate {
	struct secret *password; /* as the source spelt it, with its NUL; escrow judges the form */
	char origin[200];        /* which record: a DN, a record's id; clean, never the password */
};

struct source_answer {
	size_t count;
	struct source_candidate candidates[NM_MAX_CANDIDATES];
	char text[320]; /* with a reason other than OK: what happened, where, what to do */
};
void source_answer_clear(struct source_answer *a);

/* One record of a pull. Borrowed. */
struct source_record {
	struct guid protector;
	const char *password, *host;
	int64_t changed; /* ms since 1970 when the source says so, else 0 */
};

struct source_ops {
	const char *type;
	unsigned workers;
	/* err: REASON_USAGE names the option. No network yet. */
	int (*open)(const struct source_options *o, void **ret, struct error *err);
	void (*close)(void *source);
	/* Within NM_SOURCE_SECONDS. OK with at least one candidate; KEY_NOT_FOUND,
	 * KEY_NOT_READABLE, SOURCE_*. */
	enum reason (*lookup)(
	        void *source, const struct source_question *q, struct source_answer *ret);
	/* The self-test: can it be reached, does it let us in, does it show us records and
	 * passwords? OK or a reason as above, text of size bytes says it in a sentence either way.
	 */
	enum reason (*check)(void *source, char *text, size_t size);
	/* Every record it has. each() returns 0 to go on. NULL: this source cannot. err: a reason
	 * as above. */
	int (*pull)(void *source, int (*each)(void *context, const struct source_record *r),
	        void *context, struct error *err);
};

extern const struct source_ops source_ldap, source_graph, source_exec;

/* The kind of that type; NULL: there is none. */
const struct source_ops *source_kind(const char *type);

#endif
