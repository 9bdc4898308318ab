/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/config/hook.h"

#include "appliance/config/value.h"
#include "appliance/hooks/wanted.h"

#include <errno.h>
#include <string.h>

/* No blanks, quotes or control characters; what a user may type into a URL is left to him. */
static const char *value_https(const char *value, const struct value_target *target)
{
	size_t len = strlen(value);

	if (strncmp(value, "https://", 8) != 0 || len == 8 || len >= target->size)
		return "a URL that begins with https://";
	for (const char *at = value; *at; at++)
		if (*at <= ' ' || *at >= 0x7f || strchr("\"'\\<>", *at))
			return "a URL of printable ASCII";
	memcpy(target->field, value, len + 1);
	return NULL;
}

static const char *value_events(const char *value, const struct value_target *target)
{
	struct wanted wanted;
	size_t len = strlen(value);

	if (len >= target->size || wanted_parse(value, &wanted) < 0)
		return "all, or a list of attention, campaign and states of machines (returned, "
		       "held)";
	memcpy(target->field, value, len + 1);
	return NULL;
}

int hook_set(struct config_hook *h, const char *key, const char *value, struct error *err)
{
	const struct {
		const char *key;
		const char *(*parse)(const char *value, const struct value_target *target);
		char *field;
		size_t size;
	} keys[] = {{"url", value_https, h->url, sizeof(h->url)},
	        {"events", value_events, h->events, sizeof(h->events)},
	        {"secret-file", value_path, h->secret_file, sizeof(h->secret_file)},
	        {"ca", value_path, h->ca, sizeof(h->ca)}};
	size_t i = 0;

	while (i < sizeof(keys) / sizeof(keys[0]) && strcmp(keys[i].key, key) != 0)
		i++;
	if (i == sizeof(keys) / sizeof(keys[0]))
		return error_set(
		        err, -EINVAL, REASON_USAGE, "[webhook %s] has no key \"%s\"", h->name, key);
	if (keys[i].field[0])
		return error_set(err, -EINVAL, REASON_USAGE, "[webhook %s] %s was given already",
		        h->name, key);
	const struct value_target target = {.field = keys[i].field, .size = keys[i].size};
	const char *wanted = keys[i].parse(value, &target);
	if (wanted)
		return error_set(err, -EINVAL, REASON_USAGE, "[webhook %s] %s: \"%s\" is not %s",
		        h->name, key, value, wanted);
	return 0;
}

int hook_judge(const struct config_hook *h, struct error *err)
{
	if (!h->url[0] || !h->secret_file[0])
		return error_set(err, -EINVAL, REASON_USAGE, "[webhook %s] needs %s", h->name,
		        h->url[0] ? "secret-file: its calls are signed" : "url");
	return 0;
}
