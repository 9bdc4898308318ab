/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the keys of a [source NAME] belong together. */
#include "appliance/config/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is(const struct config_source *s, const char *key, const char *value)
{
	const char *given = source_value(s, key);

	return given && strcmp(given, value) == 0;
}

static int wrong(const struct config_source *s, struct error *err, const char *text)
{
	return error_set(err, -EINVAL, REASON_USAGE, "[source %s] %s", s->name, text);
}

static int needs(
        const struct config_source *s, const char *key, const char *because, struct error *err)
{
	if (source_value(s, key))
		return 0;
	return error_set(
	        err, -EINVAL, REASON_USAGE, "[source %s] needs %s%s", s->name, key, because);
}

/* "ldaps" has no "ldap://" in it. */
static bool in_the_clear(const struct config_source *s, const char *key)
{
	const char *urls = source_value(s, key);

	return urls && strstr(urls, "ldap://") && !is(s, "starttls", "yes");
}

static int judge_ldap(const struct config_source *s, struct error *err)
{
	int r = needs(s, "url", "", err);

	if (r == 0 && is(s, "bind", "gssapi"))
		return needs(s, "keytab", " with bind = gssapi", err);
	if (r == 0)
		r = needs(s, "user", " with bind = simple", err);
	if (r == 0)
		r = needs(s, "password-file", " with bind = simple", err);
	if (r == 0 && (in_the_clear(s, "url") || in_the_clear(s, "gc")))
		r = wrong(s, err,
		        "would send its password unencrypted: use ldaps://, or starttls = yes");
	return r;
}

static int judge_graph(const struct config_source *s, struct error *err)
{
	bool secret = source_value(s, "client-secret-file"), pair = source_value(s, "certificate");
	int r = needs(s, "tenant", "", err);

	if (r == 0)
		r = needs(s, "client-id", "", err);
	if (r < 0)
		return r;
	if (is(s, "flow", "device-code") && (secret || pair))
		return wrong(s, err,
		        "flow = device-code takes neither client-secret-file nor certificate");
	if (!is(s, "flow", "device-code") && secret == pair)
		return wrong(s, err,
		        "needs either client-secret-file or certificate, or flow = device-code");
	return 0;
}

int source_judge(const struct config_source *s, int *ret_line, struct error *err)
{
	*ret_line = s->line;
	if (!s->type)
		return wrong(s, err, "needs type = ldap, graph or exec");
	for (size_t i = 0; i < s->option_count; i++) {
		const struct config_option *option = &s->options[i];
		if (option->types & s->type)
			continue;
		*ret_line = option->line;
		return error_set(err, -EINVAL, REASON_USAGE,
		        "[source %s] has no key \"%s\": it is of type %s", s->name, option->key,
		        source_type_name(s));
	}
	switch (s->type) {
	case SOURCE_LDAP:
		return judge_ldap(s, err);
	case SOURCE_GRAPH:
		return judge_graph(s, err);
	default:
		return needs(s, "program", "", err);
	}
}
