/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/dnsmasq.h"

#include "appliance/supervisor/answers.h"
#include "appliance/supervisor/child.h"
#include "appliance/supervisor/loaders.h"
#include "appliance/supervisor/signed_ipxe.h"
#include "appliance/supervisor/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_SECONDS 5
#define NOBODY       65534

void dnsmasq_account(uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *user = getpwnam("dnsmasq");

	if (!user)
		user = getpwnam("nobody");
	*ret_uid = user && user->pw_uid != 0 ? user->pw_uid : NOBODY;
	*ret_gid = user && user->pw_uid != 0 ? user->pw_gid : NOBODY;
}

/* Values of the places. All were validated as configuration values or made here from numbers. */
struct places {
	char network[INET_ADDRSTRLEN];
	char netmask[INET_ADDRSTRLEN];
	char port[8];                  /* ":8080", "" for 80 */
	char relayed[INET_ADDRSTRLEN]; /* the one this copy of a line is for */
	char relayed_mask[INET_ADDRSTRLEN];
	const struct config *config;
	struct dnsmasq_programs programs;
};

static struct in_addr mask_of(int prefix, char ret[INET_ADDRSTRLEN])
{
	const struct in_addr mask = {.s_addr = prefix ? htonl(~0u << (32 - prefix)) : 0};

	inet_ntop(AF_INET, &mask, ret, INET_ADDRSTRLEN);
	return mask;
}

static void make_places(
        const struct config *config, const struct dnsmasq_programs *programs, struct places *ret)
{
	struct in_addr network;

	*ret = (struct places){.config = config, .programs = *programs};
	struct in_addr mask = mask_of(config->prefix, ret->netmask);
	inet_pton(AF_INET, config->address, &network);
	network.s_addr &= mask.s_addr;
	inet_ntop(AF_INET, &network, ret->network, sizeof(ret->network));
	if (config->http_port != 80)
		snprintf(ret->port, sizeof(ret->port), ":%d", config->http_port);
}

/* subnet: "10.1.0.0/16", as the configuration was judged. */
static void set_relayed(struct places *p, const char *subnet)
{
	const char *slash = strchr(subnet, '/');

	(void)snprintf(p->relayed, sizeof(p->relayed), "%.*s", (int)(slash - subnet), subnet);
	(void)mask_of((int)strtol(slash + 1, NULL, 10), p->relayed_mask);
}

static const char *place_value(const struct places *p, const char *name, size_t len)
{
	const struct {
		const char *name;
		const char *value;
	} table[] = {
	        {"INTERFACE", p->config->interface},
	        {"ADDRESS", p->config->address},
	        {"NETWORK", p->network},
	        {"NETMASK", p->netmask},
	        {"RANGE", p->config->range},
	        {"GATEWAY", p->config->gateway},
	        {"STATE", p->config->state},
	        {"PORT", p->port},
	        {"RELAYED", p->relayed},
	        {"RELAYED_MASK", p->relayed_mask},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
			return table[i].value;
	return NULL;
}

static bool word_holds(const struct places *p, const char *word, size_t len, bool *ret_known)
{
	const struct {
		const char *word;
		bool holds;
	} table[] = {
	        {"proxy", p->config->dhcp_mode == DHCP_PROXY},
	        {"full", p->config->dhcp_mode == DHCP_FULL},
	        {"listed", p->config->scope == SCOPE_LISTED},
	        {"all", p->config->scope == SCOPE_ALL},
	        {"gateway", p->config->gateway[0] != '\0'},
	        {"bios", p->programs.bios},
	        {"shim", p->programs.shim},
	        {"signed", p->programs.signed_ipxe},
	        {"unsigned", !p->programs.signed_ipxe},
	        {"shim-first", p->programs.shim && loaders_first(p->config) == LOADER_SHIM},
	        {"ipxe-first", p->programs.shim && loaders_first(p->config) == LOADER_IPXE},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].word) == len && memcmp(table[i].word, word, len) == 0)
			return table[i].holds;
	*ret_known = false;
	return false;
}

/* Takes "%a,b " off the line. 1: keep it, 0: drop it, -EINVAL. */
static int take_condition(const struct places *p, const char **line, const char *end)
{
	bool known = true, holds = true;
	const char *at = *line;

	if (at == end || *at != '%')
		return 1;
	do {
		size_t len = 0;
		at++;
		while (at + len < end && at[len] != ',' && at[len] != ' ')
			len++;
		if (!word_holds(p, at, len, &known))
			holds = false;
		at += len;
	} while (at < end && *at == ',');
	while (at < end && *at == ' ')
		at++;
	*line = at;
	return known ? holds : -EINVAL;
}

static int fill_line(const struct places *p, const char *at, const char *end, struct buffer *out)
{
	int r = 0;

	while (r == 0 && at < end) {
		const char *place = memchr(at, '@', (size_t)(end - at));
		if (!place)
			return buffer_append(out, at, (size_t)(end - at));
		r = buffer_append(out, at, (size_t)(place - at));
		const char *close = memchr(place + 1, '@', (size_t)(end - place - 1));
		const char *value =
		        close ? place_value(p, place + 1, (size_t)(close - place - 1)) : NULL;
		if (!value)
			return -EINVAL;
		if (r == 0)
			r = buffer_append(out, value, strlen(value));
		at = close + 1;
	}
	return r;
}

/* The line, or one for each network behind a relay. */
static int fill_lines(struct places *p, const char *at, const char *end, struct buffer *out)
{
	static const char each[] = "@RELAYED@";
	const struct config_subnets *relayed = &p->config->relayed;
	int r = 0;

	if (!memmem(at, (size_t)(end - at), each, sizeof(each) - 1))
		return fill_line(p, at, end, out);
	for (size_t i = 0; r == 0 && i < relayed->count; i++) {
		set_relayed(p, relayed->names[i]);
		r = fill_line(p, at, end, out);
	}
	return r;
}

int dnsmasq_render(const struct config *config, const struct dnsmasq_programs *programs,
        const char *template, size_t len, struct buffer *ret, struct error *err)
{
	const char *at = template, *end = template + len;
	struct places places;
	struct buffer out;
	int r = 0;

	make_places(config, programs, &places);
	buffer_init(&out, DNSMASQ_CONFIG_MAX);
	for (int line = 1; r == 0 && at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;
		bool comment = *at == '#';
		int keep = take_condition(&places, &at, next);
		if (keep > 0 && !comment)
			r = fill_lines(&places, at, next, &out);
		if (keep < 0 || r < 0)
			r = error_set(err, keep < 0 ? keep : r, REASON_USAGE,
			        "template line %d: unknown place or condition, or too long", line);
		at = next;
	}
	if (r < 0)
		buffer_free(&out);
	else
		*ret = out;
	return r;
}

int dnsmasq_write_config(const struct config *config, struct error *err)
{
	char template_path[STATE_PATH_MAX], path[STATE_PATH_MAX], program[STATE_PATH_MAX];
	struct buffer template, text;

	state_path(template_path, config->templates, "dnsmasq.conf.in");
	state_path(program, config->state, STATE_BIOS_PROGRAM);
	int r = state_read_file(template_path, DNSMASQ_CONFIG_MAX, &template, err);
	if (r < 0)
		return r;
	const struct dnsmasq_programs programs = {.bios = access(program, R_OK) == 0,
	        .shim = loaders_have_shim(config),
	        .signed_ipxe = signed_ipxe_is_kept(config)};
	r = dnsmasq_render(
	        config, &programs, (const char *)template.data, template.len, &text, err);
	buffer_free(&template);
	if (r < 0) {
		error_prefix(err, "%s", template_path);
		return r;
	}
	state_path(path, config->state, DNSMASQ_CONF);
	r = state_write_file(path, text.data, text.len, 0644, 0, err);
	buffer_free(&text);
	return r < 0 ? r : answers_write(config, err);
}

int dnsmasq_test_config(const struct config *config, const char *path, struct error *err)
{
	const char *argv[] = {config->dnsmasq, "--test", "-C", path, NULL};
	struct child child = {.name = "dnsmasq", .argv = argv};
	char output[200];

	dnsmasq_account(&child.uid, &child.gid);
	int r = child_run(&child, TEST_SECONDS, output, sizeof(output));
	if (r == 0)
		return 0;
	const char *said = output + strspn(output, "\n");
	output[(size_t)(said - output) + strcspn(said, "\n")] = '\0';
	return error_set(err, r < 0 ? r : -EINVAL, REASON_USAGE, "%s refuses %s: %s",
	        config->dnsmasq, path,
	        said[0] ? said
	        : r < 0 ? strerror(-r)
	                : "no reason given");
}
