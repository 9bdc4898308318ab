/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON of this process's socket (../README.md): strict in, bounded out. */
#ifndef FETCH_MESSAGE_H
#define FETCH_MESSAGE_H

#include "appliance/fetch/source.h"

#include <jansson.h>

enum source_op { SOURCE_OP_LOOKUP, SOURCE_OP_STATUS, SOURCE_OP_PULL };

struct source_message {
	enum source_op op;
	json_int_t id;
	char source[32];                 /* lookup, pull */
	struct source_question question; /* lookup; its texts are clean */
};

/* -EBADMSG names the field. */
int source_message_parse(
        const void *bytes, size_t len, struct source_message *ret, struct error *err);

/* Answers; the caller's to json_decref(). NULL without memory. */
json_t *source_message_answer(json_int_t id, enum reason reason, const struct source_answer *a);
/* The same without candidates. */
json_t *source_message_refusal(json_int_t id, enum reason reason, const char *text);
json_t *source_message_record(const struct source_record *r);
/* records is consumed. */
json_t *source_message_records(
        json_int_t id, json_t *records, bool done, enum reason reason, const char *text);

#endif
