/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What netmend-fetch says (../README.md), strict and bounded: it talks to strangers' networks and
 * may have been taken over. What it calls a password is a claim until a blob opens.
 */
#ifndef ESCROW_FETCH_ANSWER_H
#define ESCROW_FETCH_ANSWER_H

#include "fixer/bitlocker/bitlocker.h"

#include <jansson.h>

struct fetch_candidate {
	struct secret *key; /* the 16 bytes of a recovery password */
	char origin[200];   /* clean */
};

struct fetch_answer {
	enum reason reason;
	char text[320];
	size_t count;
	size_t malformed; /* records whose password is none */
	struct fetch_candidate candidates[NM_MAX_CANDIDATES];
};
void fetch_answer_clear(struct fetch_answer *a);

struct fetch_source {
	char name[32], type[16];
	enum reason reason;
	char text[320];
	int64_t checked; /* ms since 1970; 0: never */
};

struct fetch_record {
	struct guid protector;
	struct secret *key;
	char host[256]; /* clean */
	int64_t changed;
};

/* To a question for candidates. 0, -EBADMSG, -ENOMEM; ret needs a clear only after 0. */
int fetch_answer_lookup(json_t *j, struct fetch_answer *ret);

/* To "status". *ret_count sources of NM_MAX_SOURCES. 0 or -EBADMSG. */
int fetch_answer_status(json_t *j, struct fetch_source ret[NM_MAX_SOURCES], size_t *ret_count);

/* One message of a pull. */
struct fetch_page {
	json_t *records; /* borrowed from j */
	bool done;
	enum reason reason;
	char text[320];
};
int fetch_answer_page(json_t *j, struct fetch_page *ret);

/* One of its records; the caller frees the key. -EBADMSG; -EINVAL: its password is none. */
int fetch_answer_record(json_t *j, struct fetch_record *ret);

#endif
