/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/openapi.h"
#include "appliance/web/embed.h"

#include <jansson.h>

EMBED_FILE(openapi_calls, "appliance/web/openapi.json");
EMBED_FILE(openapi_schemas, "appliance/web/openapi_schemas.json");

char *openapi_text(void)
{
	json_t *calls = json_loads((const char *)openapi_calls, JSON_REJECT_DUPLICATES, NULL);
	json_t *schemas = json_loads((const char *)openapi_schemas, JSON_REJECT_DUPLICATES, NULL);
	char *text = NULL;

	/* The licence's line is of the file. */
	if (schemas)
		(void)json_object_del(schemas, "x-licence");
	if (calls && schemas && json_object_set(calls, "components", schemas) == 0)
		text = json_dumps(calls, JSON_COMPACT);
	json_decref(calls);
	json_decref(schemas);
	return text;
}
