/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/kept.h"
#include "appliance/api/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int kept_make(
        struct kept *kept, struct web_api *a, int (*make)(struct web_api *a, json_t **ret))
{
	json_t *json = NULL;
	int r = make(a, &json);

	if (r < 0)
		return r;
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		return -ENOMEM;
	kept_free(kept);
	*kept = (struct kept){.text = text, .len = strlen(text), .made = http_clock()};
	return 0;
}

void kept_reply(struct http_request *r, struct web_api *a, struct kept *kept, const char *what,
        int (*make)(struct web_api *a, json_t **ret))
{
	bool stale = !kept->text || http_clock() - kept->made >= KEPT_MS;
	int e = stale ? kept_make(kept, a, make) : 0;
	char *copy = e == 0 ? malloc(kept->len) : NULL;

	if (!copy) {
		call_failed(r, what, e < 0 ? e : -ENOMEM);
		return;
	}
	memcpy(copy, kept->text, kept->len);
	http_reply_memory(r, 200, "application/json", copy, kept->len);
}

void kept_free(struct kept *kept)
{
	free(kept->text);
	*kept = (struct kept){0};
}
