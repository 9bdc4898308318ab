/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/config/config.h"

#include "appliance/config/value.h"
#include "fixer/windows/recipe.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

static const struct value_choices scopes = {"listed or all", {"listed", "all"}};
static const struct value_choices dhcp_modes = {"proxy, full or off", {"proxy", "full", "off"}};
static const struct value_choices yes_no = {"yes or no", {"no", "yes"}};

struct key {
	const char *section;
	const char *name;
	/* Returns NULL, or what the value should have been. */
	const char *(*parse)(const char *value, const struct value_target *target);
	size_t offset;
	size_t size;
	const struct value_choices *choices;
};

#define KEY(section, name, parse, field, choices)                     \
	{                                                             \
		section, name, parse, offsetof(struct config, field), \
		        sizeof(((struct config *)0)->field), choices  \
	}

static const struct key keys[] = {
        KEY("server", "interface", value_interface, interface, NULL),
        KEY("server", "address", value_ipv4, address, NULL),
        KEY("server", "http-port", value_port, http_port, NULL),
        KEY("server", "https-port", value_port, https_port, NULL),
        KEY("server", "state", value_path, state, NULL),
        KEY("server", "runtime", value_path, runtime, NULL),
        KEY("server", "web-user", value_user, web.name, NULL),
        KEY("server", "escrow-user", value_user, escrow.name, NULL),
        KEY("boot", "kernel", value_path, kernel, NULL),
        KEY("boot", "initrd", value_path, initrd, NULL),
        KEY("boot", "program", value_path, program, NULL),
        KEY("boot", "scope", value_choice, scope, &scopes),
        KEY("dhcp", "mode", value_choice, dhcp_mode, &dhcp_modes),
        KEY("dhcp", "range", value_range, range, NULL),
        KEY("dhcp", "gateway", value_ipv4, gateway, NULL),
        KEY("dhcp", "dnsmasq", value_path, dnsmasq, NULL),
        KEY("repair", "recipe", value_recipe, recipe, NULL),
        KEY("repair", "dry-run", value_choice, dry_run, &yes_no),
        KEY("web", "templates", value_path, templates, NULL),
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

struct parse {
	const char *name;
	const char *at; /* what libinih has not been given yet */
	const char *end;
	int line;        /* of the last line given to libinih */
	int given[KEYS]; /* line each key was set on, 0 if not */
	struct config config;
	int failed_line;
	struct error error;
};

const char *config_dhcp_mode_name(const struct config *config)
{
	return dhcp_modes.names[config->dhcp_mode];
}

const char *config_scope_name(const struct config *config)
{
	return scopes.names[config->scope];
}

void config_defaults(struct config *ret)
{
	*ret = (struct config){
	        .http_port = 80,
	        .https_port = 443,
	        .state = "/var/lib/netmend",
	        .runtime = "/run/netmend",
	        .web = {.name = "netmend"},
	        .escrow = {.name = "netmend-escrow"},
	        .initrd = NM_PREFIX "/lib/netmend/initrd.img",
	        .program = "/usr/lib/ipxe/snponly.efi",
	        .dnsmasq = "/usr/sbin/dnsmasq",
	        .recipe = RECIPE_DEFAULT,
	        .templates = NM_PREFIX "/share/netmend/netboot",
	};
}

static const struct key *find_key(const char *section, const char *name, bool *ret_section_known)
{
	*ret_section_known = false;
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].section, section) != 0)
			continue;
		*ret_section_known = true;
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static int set_key(struct config *config, const char *section, const char *name, const char *value,
        const struct key **ret_key, struct error *err)
{
	bool section_known;
	const struct key *key = find_key(section, name, &section_known);

	if (!section_known && section[0] == '\0')
		return error_set(
		        err, -EINVAL, REASON_USAGE, "%s stands before the first [section]", name);
	if (!section_known)
		return error_set(err, -EINVAL, REASON_USAGE, "there is no section [%s]", section);
	if (!key)
		return error_set(
		        err, -EINVAL, REASON_USAGE, "[%s] has no key \"%s\"", section, name);

	struct value_target target = {(char *)config + key->offset, key->size, key->choices};
	const char *wanted = key->parse(value, &target);
	if (wanted)
		return error_set(err, -EINVAL, REASON_USAGE, "[%s] %s: \"%s\" is not %s", section,
		        name, value, wanted);
	*ret_key = key;
	return 0;
}

int config_set(struct config *config, const char *section, const char *key, const char *value,
        const char *where, struct error *err)
{
	const struct key *found;
	int r = set_key(config, section, key, value, &found, err);

	if (r < 0)
		error_prefix(err, "%s", where);
	return r;
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

static int handle(void *user, const char *section, const char *name, const char *value)
{
	struct parse *p = user;
	const struct key *key;

	if (p->failed_line)
		return 0;
	if (set_key(&p->config, section, name, value, &key, &p->error) < 0) {
		p->failed_line = p->line;
		return 0;
	}
	size_t i = (size_t)(key - keys);
	if (p->given[i]) {
		p->failed_line = p->line;
		error_set(&p->error, -EINVAL, REASON_USAGE, "[%s] %s was given in line %d already",
		        section, name, p->given[i]);
		return 0;
	}
	p->given[i] = p->line;
	return 1;
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
	if (p.config.dhcp_mode == DHCP_FULL && p.config.range[0] == '\0')
		return error_set(err, -EINVAL, REASON_USAGE,
		        "%s: [dhcp] mode = full needs range = FIRST,LAST", name);
	*ret = p.config;
	return 0;
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
