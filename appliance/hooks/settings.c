/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/hooks/settings.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int bad(struct error *err, const char *what)
{
	return error_set(
	        err, -EBADMSG, REASON_PROTOCOL_ERROR, "settings of the webhooks: %s", what);
}

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
}

static int parse_hook(json_t *json, struct hook_setting *ret, struct error *err)
{
	const char *name, *url, *events, *secret, *ca;
	size_t secret_len;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:s, s:s, s:s, s:s%, s:s}", "name", &name,
	            "url", &url, "events", &events, "secret", &secret, &secret_len, "ca", &ca) < 0)
		return bad(err, "a webhook has name, url, events, secret and ca");
	if (!name[0] || strlen(name) >= sizeof(ret->name) || strlen(url) >= sizeof(ret->url) ||
	        strncmp(url, "https://", 8) != 0)
		return bad(err, "name or url of a webhook is malformed");
	if (wanted_parse(events, &ret->wanted) < 0)
		return bad(err, "events of a webhook");
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	(void)snprintf(ret->url, sizeof(ret->url), "%s", url);
	ret->secret = secret_copy(secret, secret_len);
	ret->ca = ca[0] ? strdup(ca) : NULL;
	return ret->secret && (ret->ca || !ca[0]) ? 0 : no_memory(err);
}

static int parse(json_t *json, struct hook_settings *s, struct error *err)
{
	const char *store, *id_file;
	json_t *list, *hook;
	size_t i;
	int v, r = 0;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:i, s:s, s:s, s:o}", "v", &v, "store",
	            &store, "id_file", &id_file, "hooks", &list) < 0 ||
	        v != 1 || !store[0] || strlen(id_file) >= sizeof(s->id_file))
		return bad(err, "v, store, id_file and hooks are needed");
	if (!json_is_array(list) || json_array_size(list) > NM_MAX_HOOKS)
		return bad(err, "hooks is a list of at most 16");
	(void)snprintf(s->id_file, sizeof(s->id_file), "%s", id_file);
	s->store = secret_copy(store, strlen(store) + 1);
	if (!s->store)
		return no_memory(err);
	json_array_foreach(list, i, hook)
	{
		if (r == 0)
			r = parse_hook(hook, &s->hooks[s->count++], err);
	}
	return r;
}

int hook_settings_read(int fd, struct hook_settings *ret, struct error *err)
{
	CLEANUP_CLOSE int owned = fd;
	CLEANUP_SECRET struct secret *text = secret_new(NM_MAX_SETTINGS);
	size_t len = 0;
	ssize_t n = 0;

	*ret = (struct hook_settings){0};
	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY,
		        "no locked memory for the settings: raise the limit (ulimit -l)");
	while (len < text->len && (n = read(owned, text->data + len, text->len - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return bad(err, strerror(errno));
		len += n > 0 ? (size_t)n : 0;
	}
	json_t *json = json_loadb((const char *)text->data, len, JSON_REJECT_DUPLICATES, NULL);
	int r = json ? parse(json, ret, err) : bad(err, "not JSON");
	json_decref(json);
	return r;
}

void hook_settings_clear(struct hook_settings *s)
{
	for (size_t i = 0; i < NM_MAX_HOOKS; i++) {
		secret_free(s->hooks[i].secret);
		free(s->hooks[i].ca);
	}
	secret_free(s->store);
	*s = (struct hook_settings){0};
}
