/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the calls share. */
#ifndef API_CALL_H
#define API_CALL_H

#include "appliance/api/api.h"

/* Whether the body was not taken (http_request.dropped), though it would be now: it has its reply
 * then, 503, and is asked for again. */
bool call_dropped(struct http_request *r);

/* The request's body as an object (to be dropped); false: refused, with 400. */
bool call_body(struct http_request *r, json_t **ret);

/* The same for a call of the page, unpacked by format (jansson's, strict) into what follows; text
 * of what is unpacked lives as long as *ret. 400 VALUE_BAD names the field. */
bool call_values(struct http_request *r, json_t **ret, const char *format, ...);

/* 400 VALUE_BAD: what is wrong with which field. */
void call_bad_value(struct http_request *r, const char *field, const char *problem);

/* 400 with what err says. */
void call_refuse(struct http_request *r, const struct error *err);

/* The session of the path (to be freed with store_session_free()); false: refused, with 403
 * TOKEN_INVALID, or SESSION_REPLACED when a later boot has replaced it, which escrow is told. */
bool call_session(struct http_request *r, struct web_api *a, struct store_session *ret);

/* The bytes of a saved repair, brought from the store a piece at a time in between others' turns: a
 * descriptor for http_reply_file(); -EAGAIN: the handler will be called again; -errno (-ENOENT:
 * they are nowhere). r->state is its own. */
int call_bundle_open(
        struct http_request *r, const struct web_api *a, const struct store_bundle *bundle);

/* Something of ours failed: 503, which the fixer takes as "ask again". */
void call_failed(struct http_request *r, const char *what, int e);

/* What a deed of a person came to, when it is not 0: 404, 409, 503. */
void call_undone(struct http_request *r, const char *what, int e);

/* A slice of something long is done (fleet/slice.h): the handler is called again after others had
 * their turn. */
void call_go_on(struct http_request *r);

/* Machines were changed, by us: who is answered follows, and the pages have news. */
void call_machines_changed(struct web_api *a);

/* The filter of the query (filter_free() after); false: refused, with 400. */
struct machine_filter;
bool call_filter(struct http_request *r, struct machine_filter *ret);

/* Lets go of boxes nobody answered or fetched the answer of (approval.c). */
void approval_forget(struct web_api *a, int64_t now);

/* What feed.c keeps between two pages (NULL is fine). */
void feed_news_free(struct feed_news *n);

/* The page's "appliance" object. */
json_t *call_appliance(const struct web_api *a);

#endif
