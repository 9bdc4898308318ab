/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading what escrow says (appliance/README.md): strict, every string clean, whatever it is. All
 * return 0, or -EINVAL with PROTOCOL_ERROR in err, or -ENOMEM.
 */
#ifndef API_ESCROW_ANSWER_H
#define API_ESCROW_ANSWER_H

#include "fixer/base/error.h"
#include "netmend/limits.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* More entries of a list do not fit into a message. */
#define ESCROW_LIST_MAX (NM_ESCROW_MESSAGE_MAX / 32)

#define ESCROW_REQUEST_TEXT 17 /* 16 hex digits */
#define ESCROW_CODE_TEXT    7  /* what a person compares (pairing.h) */

enum escrow_message_kind {
	ESCROW_ANSWER,        /* to the question `id` */
	ESCROW_NEWS_RELEASE,  /* `session` should ask again */
	ESCROW_NEWS_REQUESTS, /* the list of requests is another one */
};

struct escrow_message {
	enum escrow_message_kind kind;
	int64_t id;
	char session[33];
	json_t *json; /* an answer without "v" and "id"; to be dropped; NULL for news */
};

int escrow_message_parse(
        const char *text, size_t len, struct escrow_message *ret, struct error *err);

/* The following take such an answer, which is to be dropped after them. */

/* To the page's "escrow" object (include/netmend/README.md), to be dropped. */
int escrow_status_parse(json_t *answer, json_t **ret, struct error *err);
/* The same object of an escrow that cannot be asked any more; NULL without memory. last: what it
 * said before, or NULL. */
json_t *escrow_status_lost(json_t *last, const char *why);

/* To the page's list "requests", to be dropped. */
int escrow_requests_parse(json_t *answer, json_t **ret, struct error *err);

/* What a box led to, as the page is told; with the list "results" when it was a decision, with the
 * object "keys" when it was about keys from the page. */
int escrow_box_parse(json_t *answer, json_t **ret, struct error *err);

/* What came of an order to a management controller, or of a look at one. */
struct escrow_power {
	enum reason reason;
	bool known; /* it has a controller */
	char text[NM_MAX_EVENT_TEXT + 1];
	char type[8], address[256], power[32], boot[64]; /* "" where it is not known */
	json_t *steps, *bmc;                             /* of an order; NULL */
	json_t *rows;                                    /* of the screen; NULL */
	int64_t columns, seen;
};
int escrow_power_parse(json_t *answer, struct escrow_power *ret, struct error *err);
void escrow_power_clear(struct escrow_power *p);
/* [{"id","type","address"}], to be dropped. */
int escrow_bmcs_parse(json_t *answer, json_t **ret, struct error *err);

enum escrow_release_status { ESCROW_PENDING, ESCROW_DENIED, ESCROW_RELEASED };

struct escrow_release {
	enum escrow_release_status status;
	enum reason reason;
	char text[NM_MAX_EVENT_TEXT + 1];
	char request[ESCROW_REQUEST_TEXT], code[ESCROW_CODE_TEXT]; /* "": nobody has to approve */
	json_t *volumes; /* with ESCROW_RELEASED: checked; part of the answer */
};

int escrow_release_parse(json_t *answer, struct escrow_release *ret, struct error *err);

#endif
