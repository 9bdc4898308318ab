/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What netmend-hooks is told: the store's place and, of each webhook, the contents of its files. */
#include "appliance/supervisor/settings.h"

#include "appliance/supervisor/locked_text.h"
#include "appliance/supervisor/secret_file.h"
#include "appliance/supervisor/state.h"
#include "appliance/supervisor/store_place.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX 1024 /* of signatures */
#define PEM_MAX (256 * 1024)

/* "key":"content of the file" */
static int add_file(struct locked_text *t, const struct config_hook *h, const char *key,
        const char *path, bool secret, struct error *err)
{
	char named[CONFIG_SOURCE_NAME + 32];
	const struct secret_file file = {.key = named,
	        .path = path,
	        .max = secret ? KEY_MAX : PEM_MAX,
	        .secret = secret,
	        .line = secret,
	        .text = true};
	struct secret *content CLEANUP_SECRET = NULL;

	(void)snprintf(named, sizeof(named), "[webhook %s] %s", h->name, key);
	if (path[0]) {
		int r = secret_file_read(&file, &content, err);
		if (r < 0)
			return r;
	}
	locked_text_format(t, ",\"%s\":", secret ? "secret" : "ca");
	locked_text_string(
	        t, content ? (const void *)content->data : "", content ? content->len : 0);
	return 0;
}

static int add_hook(struct locked_text *t, const struct config_hook *h, struct error *err)
{
	locked_text_format(t, "{\"name\":\"%s\",\"url\":", h->name);
	locked_text_string(t, h->url, strlen(h->url));
	locked_text_format(t, ",\"events\":\"%s\"", h->events[0] ? h->events : "all");
	int r = add_file(t, h, "secret-file", h->secret_file, true, err);
	if (r == 0)
		r = add_file(t, h, "ca", h->ca, false, err);
	locked_text_format(t, "}");
	return r;
}

int settings_for_hooks(const struct config *c, int *ret_fd, struct error *err)
{
	struct secret *place CLEANUP_SECRET = NULL;
	char id_file[STATE_PATH_MAX];
	struct locked_text t;
	int r = store_place(c, &place, err);

	if (r < 0)
		return r;
	state_path(id_file, c->state, "web/appliance-id");
	locked_text_init(&t, NM_MAX_SETTINGS);
	locked_text_format(&t, "{\"v\":1,\"store\":");
	locked_text_string(&t, place->data, strlen((const char *)place->data));
	locked_text_format(&t, ",\"id_file\":");
	locked_text_string(&t, id_file, strlen(id_file));
	locked_text_format(&t, ",\"hooks\":[");
	for (size_t i = 0; r == 0 && i < c->hook_count; i++) {
		locked_text_format(&t, "%s", i ? "," : "");
		r = add_hook(&t, &c->hooks[i], err);
	}
	locked_text_format(&t, "]}");
	if (r == 0) {
		r = locked_text_pipe(&t, ret_fd);
		if (r < 0)
			r = error_set(err, r, REASON_OUT_OF_MEMORY,
			        "cannot hand over the settings of the webhooks: %s", strerror(-r));
	}
	locked_text_clear(&t);
	return r;
}
