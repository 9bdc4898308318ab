/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by api.c (calls, retry policy) and api_events.c (queue). */
#ifndef LINK_API_INTERNAL_H
#define LINK_API_INTERNAL_H

#include "fixer/link/api.h"
#include "fixer/link/link.h"

struct api {
	struct link *link;
	const struct api_hooks *hooks;
	char session[33];
	int64_t unreachable_at; /* monotonic_ms() of the last call that went unanswered; 0 = none */
	json_t *events;         /* array, oldest first, not yet acknowledged */
	uint64_t next_seq;
	const char *state; /* of the last event */
};

struct api_request {
	const char *method;
	const char *call; /* below the session, "release?wait=25"; with '/' itself; NULL: the
	                     sessions */
	const char *content_type;
	const void *body;
	size_t body_len, max_answer;
	unsigned timeout; /* seconds, one attempt */
};

/*
 * One attempt. 0 with a 2xx answer (freed by the caller); -EAGAIN when it is worth another attempt,
 * with err saying why; other errnos for refusals.
 */
int api_attempt(
        struct api *a, const struct api_request *q, struct link_answer *ret, struct error *err);

/* Attempts until the appliance accepts or refuses. */
int api_insist(
        struct api *a, const struct api_request *q, struct link_answer *ret, struct error *err);

#endif
