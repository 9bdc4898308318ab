/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Entra ID's login and Microsoft Graph answer, parsed. No I/O. Fields that are not asked for
 * are passed over, because Microsoft adds some; what is asked for has its type and size, and no
 * field comes twice. All parsers: text of len bytes; 0 or -EBADMSG with SOURCE_FAILED, -ENOMEM.
 */
#ifndef FETCH_GRAPH_ANSWER_H
#define FETCH_GRAPH_ANSWER_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"

#define GRAPH_TOKEN_MAX   16384 /* bytes of an access or a refresh token */
#define GRAPH_LINK_MAX    8192
#define GRAPH_PAGE_MAX    10000 /* records on one page */
#define GRAPH_CODE_MAX    64    /* of an error */
#define GRAPH_MESSAGE_MAX 200

struct graph_token {
	struct secret *access;  /* printable ASCII and its NUL */
	struct secret *refresh; /* likewise; NULL: there is none */
	int64_t seconds;        /* it is good for, 1 to a day */
};
int graph_parse_token(const char *text, size_t len, struct graph_token *ret, struct error *err);
void graph_token_clear(struct graph_token *t);

/* A person is to open uri and to enter user_code there. */
struct graph_device {
	struct secret *code;
	char user_code[32], uri[200]; /* clean */
	int64_t seconds, interval;    /* until it expires; between two questions */
};
int graph_parse_device(const char *text, size_t len, struct graph_device *ret, struct error *err);

/* One record's key; flat, or within "value". -ENOENT with KEY_NOT_READABLE: the record has none
 * for us. It must be the record asked for when it says which it is. */
int graph_parse_key(const char *text, size_t len, const struct guid *id, struct secret **ret,
        struct error *err);

struct graph_record {
	struct guid id;         /* the protector's */
	char device[GUID_TEXT]; /* Entra's device id, or "" */
	int64_t created;        /* ms since 1970, or 0 */
};
struct graph_page {
	size_t count;
	struct graph_record *records;
	char *next; /* link to the next page as it came; NULL: this is the last one */
};
int graph_parse_page(const char *text, size_t len, struct graph_page *ret, struct error *err);
void graph_page_clear(struct graph_page *p);

/* Why it refuses: login's {"error":"x","error_description":"..."} or Graph's {"error":{"code":"x",
 * "message":"..."}}. Both clean, the message without what comes after its first line or sentence;
 * "" for what is not said. */
struct graph_refusal {
	char code[GRAPH_CODE_MAX], message[GRAPH_MESSAGE_MAX];
};
void graph_parse_refusal(const char *text, size_t len, struct graph_refusal *ret);

#endif
