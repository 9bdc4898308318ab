/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/config/config.h"

#include "appliance/config/keys.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

struct parse {
	const char *name;
	const char *at; /* what libinih has not been given yet */
	const char *end;
	int line;            /* of the last line given to libinih */
	bool indented;       /* it continues the one before */
	int given[KEYS_MAX]; /* line each key was set on, 0 if not */
	struct config config;
	int failed_line;
	struct error error;
};

int config_set(struct config *config, const char *section, const char *key, const char *value,
        const char *where, struct error *err)
{
	const struct key *found;
	int r = key_set(config, section, key, value, &found, err);

	if (r < 0)
		error_prefix(err, "%s", where);
	return r;
}

const struct config_source *config_source(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->source_count; i++)
		if (strcmp(config->sources[i].name, name) == 0)
			return &config->sources[i];
	return NULL;
}

bool config_needs_fetch(const struct config *config)
{
	for (size_t i = 0; i < config->order.count; i++)
		if (config_source(config, config->order.names[i]))
			return true;
	return false;
}

/* Gives libinih one line at a time, so that its handler knows the line: the library of Debian is
 * built without line numbers. A line longer than its buffer is an error of ours, not a split. */
static char *next_line(char *out, int size, void *stream)
{
	struct parse *p = stream;
	size_t left = (size_t)(p->end - p->at);
	const char *newline = memchr(p->at, '\n', left);
	size_t len = newline ? (size_t)(newline - p->at) + 1 : left;

	if (left == 0)
		return NULL;
	p->line++;
	p->indented = *p->at == ' ' || *p->at == '\t';
	if (len >= (size_t)size) {
		if (!p->failed_line) {
			p->failed_line = p->line;
			error_set(&p->error, -EINVAL, REASON_USAGE, "longer than %d characters",
			        size - 1);
		}
		len = (size_t)size - 1;
		p->at = newline ? newline + 1 : p->end;
		memcpy(out, "\n", 2);
		return out;
	}
	memcpy(out, p->at, len);
	out[len] = '\0';
	p->at += len;
	return out;
}

/* The section [source NAME], made when it is new. NULL with err. */
static struct config_source *take_source(struct parse *p, const char *name)
{
	struct config *c = &p->config;

	for (size_t i = 0; i < c->source_count; i++)
		if (strcmp(c->sources[i].name, name) == 0)
			return &c->sources[i];
	if (!source_name_good(name)) {
		error_set(&p->error, -EINVAL, REASON_USAGE,
		        "[source NAME]: \"%s\" is not a name of letters, digits, - and _, at most "
		        "%d "
		        "characters, other than vault",
		        name, CONFIG_SOURCE_NAME - 1);
		return NULL;
	}
	if (c->source_count == CONFIG_SOURCES_MAX) {
		error_set(&p->error, -EINVAL, REASON_USAGE,
		        "[source %s]: %d sources are the most there can be", name,
		        CONFIG_SOURCES_MAX);
		return NULL;
	}
	struct config_source *source = &c->sources[c->source_count++];
	memcpy(source->name, name, strlen(name) + 1);
	source->line = p->line;
	return source;
}

static int handle_source(struct parse *p, const char *section, const char *name, const char *value)
{
	section += strlen("source");
	struct config_source *source = take_source(p, section + strspn(section, " "));

	if (!source)
		return -EINVAL;
	return source_set(source, name, value, p->line, p->indented, &p->error);
}

/* The section [webhook NAME], made when it is new. NULL with err. */
static struct config_hook *take_hook(struct parse *p, const char *name)
{
	struct config *c = &p->config;

	for (size_t i = 0; i < c->hook_count; i++)
		if (strcmp(c->hooks[i].name, name) == 0)
			return &c->hooks[i];
	if (!source_name_good(name) || c->hook_count == NM_MAX_HOOKS) {
		error_set(&p->error, -EINVAL, REASON_USAGE,
		        "[webhook %s]: a name of letters, digits, - and _ is needed, at most %d "
		        "characters, and there are at most %d",
		        name, CONFIG_SOURCE_NAME - 1, NM_MAX_HOOKS);
		return NULL;
	}
	struct config_hook *hook = &c->hooks[c->hook_count++];
	memcpy(hook->name, name, strlen(name) + 1);
	hook->line = p->line;
	return hook;
}

static int handle_hook(struct parse *p, const char *section, const char *name, const char *value)
{
	section += strlen("webhook");
	struct config_hook *hook = take_hook(p, section + strspn(section, " "));

	return hook ? hook_set(hook, name, value, &p->error) : -EINVAL;
}

static bool is_kind(const char *section, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(section, kind, len) == 0 && (section[len] == '\0' || section[len] == ' ');
}

static int handle_key(struct parse *p, const char *section, const char *name, const char *value)
{
	const struct key *key;
	int r = key_set(&p->config, section, name, value, &key, &p->error);

	if (r < 0)
		return r;
	int *given = &p->given[key_index(key)];
	if (*given && !(key->list && p->indented))
		return error_set(&p->error, -EINVAL, REASON_USAGE,
		        "[%s] %s was given in line %d already", section, name, *given);
	*given = p->line;
	return 0;
}

static int handle(void *user, const char *section, const char *name, const char *value)
{
	struct parse *p = user;

	if (p->failed_line)
		return 0;
	int r = (is_kind(section, "source")    ? handle_source
	         : is_kind(section, "webhook") ? handle_hook
	                                       : handle_key)(p, section, name, value);
	if (r < 0)
		p->failed_line = p->line;
	return r == 0;
}

/* Without an order of its own: the vault, then the sources as they stand in the file. */
static int judge_order(struct parse *p, struct error *err)
{
	struct config *c = &p->config;

	if (c->order.count == 0) {
		memcpy(c->order.names[c->order.count++], "vault", 6);
		for (size_t i = 0; i < c->source_count; i++)
			memcpy(c->order.names[c->order.count++], c->sources[i].name,
			        CONFIG_SOURCE_NAME);
	}
	for (size_t i = 0; i < c->order.count; i++)
		if (strcmp(c->order.names[i], "vault") != 0 && !config_source(c, c->order.names[i]))
			return error_set(err, -EINVAL, REASON_USAGE,
			        "%s: [escrow] sources names %s, and there is no section [source "
			        "%s]",
			        p->name, c->order.names[i], c->order.names[i]);
	return 0;
}

/* What no line alone can tell. */
static int judge_whole(struct parse *p, struct error *err)
{
	const struct config *c = &p->config;
	int line;

	if (c->dhcp_mode == DHCP_FULL && c->range[0] == '\0')
		return error_set(err, -EINVAL, REASON_USAGE,
		        "%s: [dhcp] mode = full needs range = FIRST,LAST", p->name);
	if (c->dhcp_mode == DHCP_FULL && c->relayed.count)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "%s: [dhcp] relayed needs mode = proxy: full is for one isolated network",
		        p->name);
	if (c->release.until && c->release.until <= c->release.from)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "%s: [release] until is not after from", p->name);
	for (size_t i = 0; i < c->source_count; i++) {
		if (source_judge(&c->sources[i], &line, &p->error) < 0)
			return error_set(err, -EINVAL, REASON_USAGE, "%s:%d: %s", p->name, line,
			        p->error.text);
	}
	for (size_t i = 0; i < c->hook_count; i++) {
		if (hook_judge(&c->hooks[i], &p->error) < 0)
			return error_set(err, -EINVAL, REASON_USAGE, "%s:%d: %s", p->name,
			        c->hooks[i].line, p->error.text);
	}
	return judge_order(p, err);
}

int config_parse(
        const char *name, const char *text, size_t len, struct config *ret, struct error *err)
{
	struct parse p = {.name = name, .at = text, .end = text + len};

	if (memchr(text, '\0', len))
		return error_set(err, -EINVAL, REASON_USAGE, "%s: not a text file", name);
	config_defaults(&p.config);
	int bad_line = ini_parse_stream(next_line, &p, handle, &p);
	if (bad_line < 0)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "%s: no memory", name);
	if (bad_line > 0 && (!p.failed_line || bad_line < p.failed_line))
		return error_set(err, -EINVAL, REASON_USAGE,
		        "%s:%d: neither [section] nor key = value", name, bad_line);
	if (p.failed_line)
		return error_set(
		        err, -EINVAL, REASON_USAGE, "%s:%d: %s", name, p.failed_line, p.error.text);
	int r = judge_whole(&p, err);
	if (r == 0)
		*ret = p.config;
	return r;
}

int config_load(const char *path, struct config *ret, struct error *err)
{
	char text[CONFIG_FILE_MAX + 1];
	size_t len = 0;
	int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	while (len < sizeof(text)) {
		ssize_t n = read(fd, text + len, sizeof(text) - len);
		if (n < 0)
			return error_set(
			        err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
		if (n == 0)
			return config_parse(path, text, len, ret, err);
		len += (size_t)n;
	}
	return error_set(
	        err, -EFBIG, REASON_USAGE, "%s: larger than %d bytes", path, CONFIG_FILE_MAX);
}
