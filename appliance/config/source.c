/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/config/source.h"

#include "appliance/config/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct value_choices types = {"ldap, graph or exec", {"ldap", "graph", "exec"}};

/* Each returns NULL, or what the value should have been. */

static const char *check_text(const char *value)
{
	return value[0] && value_is_clean(value) ? NULL : "text";
}

static const char *check_word(const char *value)
{
	static const char allowed[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";

	return value[0] && value[strspn(value, allowed)] == '\0' ? NULL : "one word";
}

static const char *check_path(const char *value)
{
	char path[CONFIG_PATH_MAX];
	const struct value_target target = {.field = path, .size = sizeof(path)};

	return value_path(value, &target);
}

static const char *check_yes_no(const char *value)
{
	return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0 ? NULL : "yes or no";
}

static const char *check_bind(const char *value)
{
	return strcmp(value, "simple") == 0 || strcmp(value, "gssapi") == 0 ? NULL
	                                                                    : "simple or gssapi";
}

static const char *check_flow(const char *value)
{
	return strcmp(value, "client-credentials") == 0 || strcmp(value, "device-code") == 0
	               ? NULL
	               : "client-credentials or device-code";
}

static const char *check_seconds(const char *value)
{
	int seconds;
	const struct value_target target = {.field = &seconds, .low = 1, .high = NM_SOURCE_SECONDS};

	return value_number(value, &target);
}

/* Something after the scheme, and no blanks, quotes or control characters. */
static bool is_url(const char *value, const char *scheme)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                              "0123456789.-_:/[]~%";
	size_t len = strlen(scheme);

	return strncmp(value, scheme, len) == 0 && value[len] &&
	       value[len + strspn(value + len, allowed)] == '\0';
}

static const char *check_https(const char *value)
{
	return is_url(value, "https://") ? NULL : "a URL that begins with https://";
}

static const char *check_ldap_urls(const char *value)
{
	static const char wanted[] = "one or more URLs like ldaps://dc1.example.com";
	char word[CONFIG_OPTION_MAX];
	size_t count = 0;

	while (value_word(&value, word, sizeof(word)) > 0) {
		if (!is_url(word, "ldaps://") && !is_url(word, "ldap://"))
			return wanted;
		count++;
	}
	return count > 0 ? NULL : wanted;
}

static const struct option_key {
	const char *key;
	int types; /* of sources that have it */
	enum option_content content;
	bool list; /* further lines add to it */
	const char *(*check)(const char *value);
} option_keys[] = {
        {"url", SOURCE_LDAP, CONTENT_VALUE, true, check_ldap_urls},
        {"starttls", SOURCE_LDAP, CONTENT_VALUE, false, check_yes_no},
        {"ca", SOURCE_LDAP | SOURCE_GRAPH, CONTENT_PUBLIC, false, check_path},
        {"bind", SOURCE_LDAP, CONTENT_VALUE, false, check_bind},
        {"user", SOURCE_LDAP, CONTENT_VALUE, false, check_text},
        {"password-file", SOURCE_LDAP, CONTENT_SECRET, false, check_path},
        {"keytab", SOURCE_LDAP, CONTENT_KEYTAB, false, check_path},
        {"base", SOURCE_LDAP, CONTENT_VALUE, false, check_text},
        {"gc", SOURCE_LDAP, CONTENT_VALUE, true, check_ldap_urls},
        {"tenant", SOURCE_GRAPH, CONTENT_VALUE, false, check_word},
        {"client-id", SOURCE_GRAPH, CONTENT_VALUE, false, check_word},
        {"client-secret-file", SOURCE_GRAPH, CONTENT_SECRET, false, check_path},
        {"certificate", SOURCE_GRAPH, CONTENT_SECRET, false, check_path},
        {"flow", SOURCE_GRAPH, CONTENT_VALUE, false, check_flow},
        {"login", SOURCE_GRAPH, CONTENT_VALUE, false, check_https},
        {"api", SOURCE_GRAPH, CONTENT_VALUE, false, check_https},
        {"program", SOURCE_EXEC, CONTENT_VALUE, false, check_path},
        {"arguments", SOURCE_EXEC, CONTENT_VALUE, true, check_text},
        {"seconds", SOURCE_EXEC, CONTENT_VALUE, false, check_seconds},
};

#define OPTION_KEYS (sizeof(option_keys) / sizeof(option_keys[0]))

bool source_name_good(const char *name)
{
	return strlen(name) < CONFIG_SOURCE_NAME && !check_word(name) && !strchr(name, '.') &&
	       name[0] != '-' && strcmp(name, "vault") != 0;
}

const char *source_type_name(const struct config_source *s)
{
	return s->type == SOURCE_LDAP ? "ldap" : s->type == SOURCE_GRAPH ? "graph" : "exec";
}

static const struct option_key *find_key(const char *key)
{
	for (size_t i = 0; i < OPTION_KEYS; i++)
		if (strcmp(option_keys[i].key, key) == 0)
			return &option_keys[i];
	return NULL;
}

static const struct config_option *find_option(const struct config_source *s, const char *key)
{
	for (size_t i = 0; i < s->option_count; i++)
		if (strcmp(s->options[i].key, key) == 0)
			return &s->options[i];
	return NULL;
}

const char *source_value(const struct config_source *s, const char *key)
{
	const struct config_option *option = find_option(s, key);

	return option ? option->value : NULL;
}

static int bad_value(const struct config_source *s, const char *key, const char *value,
        const char *wanted, struct error *err)
{
	return error_set(err, -EINVAL, REASON_USAGE, "[source %s] %s: \"%s\" is not %s", s->name,
	        key, value, wanted);
}

static int set_type(struct config_source *s, const char *value, struct error *err)
{
	int type;
	const struct value_target target = {.field = &type, .choices = &types};
	const char *wanted = value_choice(value, &target);

	if (s->type)
		return error_set(
		        err, -EINVAL, REASON_USAGE, "[source %s] type was given already", s->name);
	if (wanted)
		return bad_value(s, "type", value, wanted, err);
	s->type = 1 << type;
	return 0;
}

static int continue_option(
        struct config_source *s, const struct option_key *key, const char *value, struct error *err)
{
	struct config_option *option = &s->options[s->option_count - 1];
	size_t len = strlen(option->value);

	if (len + 1 + strlen(value) >= sizeof(option->value))
		return error_set(err, -EINVAL, REASON_USAGE,
		        "[source %s] %s is longer than %zu characters", s->name, key->key,
		        sizeof(option->value) - 1);
	snprintf(option->value + len, sizeof(option->value) - len, " %s", value);
	return 0;
}

int source_set(struct config_source *s, const char *name, const char *value, int line,
        bool continues, struct error *err)
{
	if (strcmp(name, "type") == 0)
		return set_type(s, value, err);
	const struct option_key *key = find_key(name);
	if (!key)
		return error_set(
		        err, -EINVAL, REASON_USAGE, "[source %s] has no key \"%s\"", s->name, name);
	const char *wanted = strlen(value) < CONFIG_OPTION_MAX ? key->check(value) : "so long";
	if (wanted)
		return bad_value(s, name, value, wanted, err);
	if (continues && key->list)
		return continue_option(s, key, value, err);
	const struct config_option *given = find_option(s, name);
	if (given)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "[source %s] %s was given in line %d already", s->name, name, given->line);
	if (s->option_count == CONFIG_OPTIONS_MAX)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "[source %s] has more keys than any type knows", s->name);
	struct config_option *option = &s->options[s->option_count++];
	*option = (struct config_option){
	        .key = key->key, .content = key->content, .line = line, .types = key->types};
	memcpy(option->value, value, strlen(value) + 1);
	return 0;
}
