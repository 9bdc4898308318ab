/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/settings.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static int bad(struct error *err, const char *what)
{
	return error_set(
	        err, -EBADMSG, REASON_PROTOCOL_ERROR, "settings of the key sources: %s", what);
}

/* Letters, digits, '-' and '_': it stands in messages, logs and file names. */
static bool is_name(const char *text, size_t size)
{
	size_t len = strlen(text);

	return len > 0 && len < size &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
	               len;
}

/* Bytes all options of one source take, with their NULs; 0 when they are not as they must be. */
static size_t options_size(json_t *options)
{
	const char *key;
	json_t *value;
	size_t size = 0;

	if (!json_is_object(options) || json_object_size(options) > SOURCE_OPTIONS_MAX)
		return 0;
	json_object_foreach(options, key, value)
	{
		if (!json_is_string(value) || !is_name(key, 32))
			return 0;
		size += strlen(key) + json_string_length(value) + 2;
	}
	return size + 1; /* an empty list is fine */
}

static const char *keep(char **at, const char *text, size_t len)
{
	char *kept = *at;

	memcpy(kept, text, len + 1);
	*at += len + 1;
	return kept;
}

static int take_options(json_t *options, char **at, struct source_options *ret)
{
	const char *key;
	json_t *value;

	ret->options = calloc(json_object_size(options) + 1, sizeof(*ret->options));
	if (!ret->options)
		return -ENOMEM;
	json_object_foreach(options, key, value)
	{
		struct source_option *o = &ret->options[ret->count++];
		o->key = keep(at, key, strlen(key));
		o->value = keep(at, json_string_value(value), json_string_length(value));
	}
	return 0;
}

static int parse_source(json_t *j, char **at, struct source_settings *s, struct error *err)
{
	struct source_setting *one = &s->sources[s->count];
	const char *name, *type;
	json_t *options;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s,s:o}", "name", &name, "type", &type,
	            "options", &options) < 0)
		return bad(err, "a source has name, type and options");
	if (!is_name(name, sizeof(one->name)) || !is_name(type, sizeof(one->type)))
		return bad(err, "name or type of a source is malformed");
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->sources[i].name, name) == 0)
			return bad(err, "two sources have the same name");
	text_clean(one->name, sizeof(one->name), name);
	text_clean(one->type, sizeof(one->type), type);
	one->options.name = one->name;
	s->count++; /* what follows is freed with it */
	return take_options(options, at, &one->options) < 0
	               ? error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory")
	               : 0;
}

static int parse_sources(json_t *list, struct source_settings *s, struct error *err)
{
	size_t i, size = 1;
	json_t *one;
	int r = 0;

	if (!json_is_array(list) || json_array_size(list) > NM_MAX_SOURCES)
		return bad(err, "sources is a list of at most 8");
	json_array_foreach(list, i, one)
	{
		size_t more = options_size(json_object_get(one, "options"));
		if (more == 0)
			return bad(err, "options are at most 32 texts");
		size += more;
	}
	s->text = secret_new(size);
	if (!s->text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY,
		        "no locked memory for the key sources: raise the limit (ulimit -l)");
	char *at = (char *)s->text->data;
	json_array_foreach(list, i, one)
	{
		r = parse_source(one, &at, s, err);
		if (r < 0)
			break;
	}
	return r;
}

int source_settings_parse(
        const char *text, size_t len, struct source_settings *ret, struct error *err)
{
	struct source_settings *s = calloc(1, sizeof(*s));
	json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *list = NULL;
	json_int_t v = 0;
	int r = 0;

	if (!s)
		r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	else if (!j)
		r = bad(err, "not JSON");
	else if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:o}", "v", &v, "sources", &list) < 0 ||
	         v != 1)
		r = bad(err, "v and sources are needed");
	else
		r = parse_sources(list, s, err);
	json_decref(j);
	if (r == 0) {
		*ret = *s;
		for (size_t i = 0; i < ret->count; i++)
			ret->sources[i].options.name = ret->sources[i].name;
	} else if (s) {
		source_settings_clear(s);
	}
	free(s);
	return r;
}

/* Bytes read, or -errno; -EMSGSIZE when there are more than capacity. */
static ssize_t read_to_end(int fd, uint8_t *into, size_t capacity)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, into + len, capacity - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : (ssize_t)len;
		len += (size_t)n;
		if (len == capacity)
			return -EMSGSIZE;
	}
}

int source_settings_read(int fd, struct source_settings *ret, struct error *err)
{
	CLEANUP_CLOSE int owned = fd;
	CLEANUP_SECRET struct secret *text = secret_new(NM_MAX_SETTINGS + 1);

	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY,
		        "no locked memory for the key sources: raise the limit (ulimit -l)");
	ssize_t n = read_to_end(owned, text->data, text->len);
	if (n < 0)
		return error_set(err, (int)n, REASON_PROTOCOL_ERROR,
		        "cannot read the settings of the key sources: %s", strerror((int)-n));
	return source_settings_parse((const char *)text->data, (size_t)n, ret, err);
}

void source_settings_clear(struct source_settings *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->sources[i].options.options);
	secret_free(s->text);
	*s = (struct source_settings){0};
}
