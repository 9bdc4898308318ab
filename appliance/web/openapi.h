/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WEB_OPENAPI_H
#define WEB_OPENAPI_H

/* The description of every call, one JSON object: openapi.json with openapi_schemas.json as its
 * "components". The caller's, to be freed; NULL without memory. */
char *openapi_text(void);

#endif
