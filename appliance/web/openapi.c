/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/openapi.h"
#include "appliance/web/embed.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

EMBED_FILE(openapi_calls, "appliance/web/openapi.json");
EMBED_FILE(openapi_schemas, "appliance/web/openapi_schemas.json");
EMBED_FILE(openapi_power, "appliance/web/openapi_power.json");

/* components with the schemas of one more file. */
static bool add_schemas(json_t *components, const uint8_t *file)
{
	json_t *more = json_loads((const char *)file, JSON_REJECT_DUPLICATES, NULL);
	bool good = json_object_update_new(json_object_get(components, "schemas"),
	                    json_incref(json_object_get(more, "schemas"))) == 0;

	json_decref(more);
	return good;
}

char *openapi_text(void)
{
	json_t *calls = json_loads((const char *)openapi_calls, JSON_REJECT_DUPLICATES, NULL);
	json_t *schemas = json_loads((const char *)openapi_schemas, JSON_REJECT_DUPLICATES, NULL);
	char *text = NULL;

	/* The licence's line is of the file. */
	if (schemas)
		(void)json_object_del(schemas, "x-licence");
	if (calls && schemas && add_schemas(schemas, openapi_power) &&
	        json_object_set(calls, "components", schemas) == 0)
		text = json_dumps(calls, JSON_COMPACT);
	json_decref(calls);
	json_decref(schemas);
	return text;
}
