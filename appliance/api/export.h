/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists as CSV, made of the same objects that are answered as JSON: neither can leave out what the
 * other tells. */
#ifndef API_EXPORT_H
#define API_EXPORT_H

#include "appliance/api/api.h"

#include <jansson.h>

enum export_kind { EXPORT_PLAIN, EXPORT_TIME /* ms since 1970, told as ISO 8601 in UTC; 0: "" */ };

struct export_column {
	const char *name; /* of the field, and the heading */
	enum export_kind kind;
};

/* Answers with the objects of rows (dropped) as CSV: texts as they are, numbers, yes or nothing,
 * objects as JSON. NULL: no memory. */
void export_reply(
        struct http_request *r, json_t *rows, const struct export_column *columns, size_t count);

#endif
