/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One HTTPS call at a time and thread, by libcurl: bounded in time and size, the server's
 * certificate verified, no redirects, no other protocol. Connections stay open between calls.
 */
#ifndef FETCH_HTTPS_H
#define FETCH_HTTPS_H

#include "fixer/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct https_client;

/* agent: the User-Agent. ca: PEM, NULL for the authorities this system trusts. Both are copied.
 * Call the first one before there are threads. 0 or -errno. */
int https_client_new(const char *agent, const char *ca, struct https_client **ret);
void https_client_free(struct https_client *c);

/* Milliseconds, monotonic: what deadlines are given in. */
int64_t https_clock(void);

struct https_call {
	const char *url;
	const char *form;           /* NULL: GET; else POSTed as a form (https_form_add) */
	const char *bearer;         /* token, or NULL */
	const char *const *headers; /* "Name: value", ends with NULL; or NULL */
	size_t max;                 /* bytes of body the answer may have */
	int64_t deadline;
};

struct https_answer {
	int status;
	int64_t retry_after; /* seconds, at most an hour; 0: the server does not say */
	char *body;          /* with a NUL behind it; overwritten by https_answer_clear() */
	size_t len;
};

/* 0: the server answered, whatever it says. err: SOURCE_UNREACHABLE, SOURCE_CERTIFICATE, or
 * SOURCE_FAILED for an answer over max. */
int https_call(struct https_client *c, const struct https_call *call, struct https_answer *ret,
        struct error *err);
void https_answer_clear(struct https_answer *a);

/* "name=value" of a form, percent-encoded, in memory that is wiped. */
struct https_form {
	char *text; /* NULL when nothing was added */
	size_t len, capacity;
	int error; /* -ENOMEM once something could not be added */
};
void https_form_add(struct https_form *f, const char *name, const char *value);
void https_form_clear(struct https_form *f);

#endif
