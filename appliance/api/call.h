/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the calls share. */
#ifndef API_CALL_H
#define API_CALL_H

#include "appliance/api/api.h"

/* The request's body as an object (to be dropped); false: refused, with 400. */
bool call_body(struct http_request *r, json_t **ret);

/* 400 with what err says. */
void call_refuse(struct http_request *r, const struct error *err);

/* The session of the path (to be freed with store_session_free()); false: refused, with 403
 * TOKEN_INVALID. A session that a later boot has replaced is no session. */
bool call_session(struct http_request *r, struct web_api *a, struct store_session *ret);

/* Something of ours failed: 503, which the fixer takes as "ask again". */
void call_failed(struct http_request *r, const char *what, int e);

/* A machine as the page shows it; NULL without memory. */
json_t *call_row(const struct machine *m);

/* The page's "appliance" object. */
json_t *call_appliance(const struct web_api *a);

#endif
