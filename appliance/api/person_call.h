/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the calls about people share. */
#ifndef API_PERSON_CALL_H
#define API_PERSON_CALL_H

#include "appliance/api/call.h"
#include "appliance/api/gate.h"
#include "appliance/people/people.h"

/* Each false: refused, with 400 VALUE_BAD or PASSWORD_WEAK. */
bool call_person_name(struct http_request *r, const char *text, char ret[PLACE_TEXT]);
bool call_role(struct http_request *r, const char *text, enum role *ret);
bool call_password_good(struct http_request *r, const char *field, const char *password);
/* The number in the path; 404. */
bool call_number(struct http_request *r, const char *what, int64_t *ret);

/* The answer and the cookie of a new login. */
void call_signed_in(struct http_request *r, const struct actor *actor, const char *secret);
/* {"v":1}, once a deed is done; what is connected is asked for again. */
void call_done(struct http_request *r, struct web_api *a, const char *what, int e);

#endif
