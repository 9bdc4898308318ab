/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading what a fixer sends: strict, and every refusal names the field. */
#ifndef API_INPUT_H
#define API_INPUT_H

#include "appliance/fleet/fleet.h"
#include "appliance/http/http.h"

#include <jansson.h>

/* POST /v1/boot; the address is set by the caller. -EINVAL with PROTOCOL_ERROR. */
int input_first_contact(json_t *root, struct fleet_identity *ret, struct error *err);

/* Parses a body: an object, no duplicate keys, depth limited, every string cleaned of control
 * characters. -EINVAL with PROTOCOL_ERROR. */
int input_parse(const char *text, size_t len, json_t **ret, struct error *err);

/* json_unpack_ex() in strict mode; where: for the message, "volumes[3]". */
int input_unpack(json_t *json, struct error *err, const char *where, const char *format, ...);

/* -EINVAL naming the field. */
int input_bad(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Checks of one field. */
int input_check(bool fits, const char *field, struct error *err); /* -EINVAL unless it fits */
int input_version(int v, struct error *err);
int input_hex(const char *text, size_t bytes, const char *field, struct error *err);
int input_length(const char *text, size_t max, const char *field, struct error *err);
/* Letters, digits and . _ / : -, at most 40: names the fixer has made itself. */
int input_word(const char *text, const char *field, struct error *err);
int input_guid_or_empty(const char *text, const char *field, struct error *err);
int input_base64(const char *text, size_t bytes, const char *field, struct error *err);
int input_reason(const char *text, enum reason *ret, const char *field, struct error *err);
int input_range(
        json_int_t value, json_int_t low, json_int_t high, const char *field, struct error *err);

/* A fixer's session body. hello's strings point into root; *ret_volumes is the array's text, to be
 * freed. */
int input_hello(json_t *root, struct fleet_hello *ret, char **ret_volumes, struct error *err);

/* An events body. The array (to be freed) and the text of `numbers` live as long as root;
 * *ret_count may be 0. */
int input_events(json_t *root, enum machine_state *ret_state, struct fleet_event **ret,
        size_t *ret_count, struct error *err);
void input_events_free(struct fleet_event *events, size_t count);

/* The list "installations" of a volume in a result. */
int input_installations(json_t *list, const char *where, struct error *err);

/* A result body. Strings point into root; json is left to the caller. */
int input_result(json_t *root, struct fleet_report *ret, struct error *err);

#endif
