/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request that waits for a password to be computed (people/hasher.h). */
#ifndef API_HASHING_H
#define API_HASHING_H

#include "appliance/api/api.h"

/* First member of what a handler keeps in r->state. */
struct hashing {
	int64_t ticket;
	int64_t until; /* by http_clock() */
};

/* A password's bytes in locked memory; NULL without memory. */
struct secret *hashing_secret(const char *password);

/* Asks and suspends the request, which keeps state (malloc()ed, taken over) meanwhile; or replies:
 * 503 TRY_LATER when too many wait. */
void hashing_begin(struct http_request *r, struct web_api *a,
        const struct hasher_question *question, struct hashing *state);

/* When the handler is called again: true with the answer; false: it waits on, or has its reply. */
bool hashing_ended(struct http_request *r, struct web_api *a, struct hasher_answer *ret);

#endif
