/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/settings.h"

#include "appliance/supervisor/inventory.h"
#include "appliance/supervisor/locked_text.h"
#include "appliance/supervisor/secret_file.h"
#include "appliance/supervisor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_FILE_MAX 4096
#define LINE_MAX_LEN 1024         /* a password or an application's secret */
#define PEM_MAX      (256 * 1024) /* every authority a host trusts */

/* --- escrow ---------------------------------------------------------------------------------- */

/* A file of the service's own, which systemd puts where only root and this unit look. */
static int credential_path(const char *name, char out[STATE_PATH_MAX], struct error *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (!folder || folder[0] != '/')
		return error_set(err, -ENOENT, REASON_CANNOT_OPEN,
		        "[escrow] vault-key: no credential %s: it comes with the service "
		        "(LoadCredential=%s:PATH in netmend.service), not with a start by hand",
		        name, name);
	if (snprintf(out, STATE_PATH_MAX, "%s/%s", folder, name) >= STATE_PATH_MAX)
		return error_set(err, -ENAMETOOLONG, REASON_USAGE,
		        "[escrow] vault-key: the path of credential %s is too long", name);
	return 0;
}

static int read_vault_key(
        const struct config_vault_key *key, bool passphrase, struct secret **ret, struct error *err)
{
	char path[STATE_PATH_MAX];
	const struct secret_file file = {.key = "[escrow] vault-key",
	        .path = path,
	        .max = passphrase ? NM_MAX_PASSPHRASE : KEY_FILE_MAX,
	        .secret = true,
	        .line = passphrase};
	int r = 0;

	if (key->place == VAULT_FROM_CREDENTIAL || key->place == VAULT_FROM_PASSPHRASE_CREDENTIAL)
		r = credential_path(key->name, path, err);
	else
		snprintf(path, sizeof(path), "%s", key->name);
	return r < 0 ? r : secret_file_read(&file, ret, err);
}

static int add_vault(struct locked_text *t, const struct config_vault_key *key, struct error *err)
{
	bool passphrase = key->place == VAULT_FROM_PASSPHRASE_FILE ||
	                  key->place == VAULT_FROM_PASSPHRASE_CREDENTIAL;
	struct secret *secret CLEANUP_SECRET = NULL;

	if (key->place == VAULT_FROM_STATE || key->place == VAULT_FROM_PERSON) {
		locked_text_format(t, "\"vault\":{\"key\":\"%s\"}",
		        key->place == VAULT_FROM_STATE ? "auto" : "ask");
		return 0;
	}
	int r = read_vault_key(key, passphrase, &secret, err);
	if (r < 0)
		return r;
	locked_text_format(
	        t, "\"vault\":{\"key\":\"%s\",\"secret\":", passphrase ? "passphrase" : "file");
	locked_text_base64(t, secret->data, secret->len);
	locked_text_format(t, "}");
	return 0;
}

static int add_release(struct locked_text *t, const struct config *c, struct error *err)
{
	const struct config_release *r = &c->release;
	size_t machines;
	int result = 0;

	locked_text_format(t, "\"release\":{\"campaign\":");
	locked_text_string(t, r->campaign, strlen(r->campaign));
	locked_text_format(t,
	        ",\"approval\":\"%s\",\"from\":%" PRId64 ",\"until\":%" PRId64
	        ",\"total\":%d,\"per_minute\":%d,\"subnet_minute\":%d,\"subnet_prefix\":%d,"
	        "\"machine_hour\":%d,\"machine_keys\":%d,\"machine_mismatches\":%d,\"suspects\":%d,"
	        "\"request_minutes\":%d,\"approval_minutes\":%d,\"subnets\":[",
	        config_approval_name(c), r->from * 1000, r->until * 1000, r->total, r->per_minute,
	        r->subnet_minute, r->subnet_prefix, r->machine_hour, r->machine_keys,
	        r->machine_mismatches, r->suspects, r->request_minutes, r->approval_minutes);
	for (size_t i = 0; i < r->subnets.count; i++)
		locked_text_format(t, "%s\"%s\"", i ? "," : "", r->subnets.names[i]);
	locked_text_format(t, "],\"inventory\":");
	if (r->inventory[0])
		result = inventory_add(t, r->inventory, &machines, err);
	else
		locked_text_format(t, "null");
	locked_text_format(t, "}");
	return result;
}

static void add_order(struct locked_text *t, const struct config *c)
{
	locked_text_format(t, "\"sources\":[");
	for (size_t i = 0; i < c->order.count; i++) {
		const struct config_source *source = config_source(c, c->order.names[i]);
		locked_text_format(t, "%s{\"name\":\"%s\",\"type\":\"%s\"}", i ? "," : "",
		        c->order.names[i], source ? source_type_name(source) : "vault");
	}
	locked_text_format(t, "]");
}

static int hand_over(const struct locked_text *t, int *ret_fd, struct error *err)
{
	int r = locked_text_pipe(t, ret_fd);

	if (r == -EMSGSIZE)
		return error_set(err, r, REASON_USAGE,
		        "the configuration with the files it names is larger than %d bytes: "
		        "shorten the inventory",
		        NM_MAX_SETTINGS);
	return r < 0 ? error_set(err, r, REASON_OUT_OF_MEMORY, "cannot hand over the settings: %s",
	                       strerror(-r))
	             : 0;
}

int settings_for_escrow(const struct config *c, int *ret_fd, struct error *err)
{
	char fetch[STATE_PATH_MAX] = "", power[STATE_PATH_MAX] = "";
	struct locked_text t;

	if (config_needs_fetch(c))
		state_path(fetch, c->runtime, "fetch.sock");
	if (c->drive)
		state_path(power, c->runtime, "power.sock");
	locked_text_init(&t, NM_MAX_SETTINGS);
	locked_text_format(&t, "{\"v\":1,");
	int r = add_vault(&t, &c->vault_key, err);
	locked_text_format(&t, ",");
	if (r == 0)
		r = add_release(&t, c, err);
	locked_text_format(&t, ",");
	add_order(&t, c);
	locked_text_format(&t,
	        ",\"fetch\":\"%s\",\"power\":\"%s\",\"syslog\":%s,\"page_import\":%s}", fetch,
	        power, c->syslog ? "true" : "false", c->page_import ? "true" : "false");
	if (r == 0)
		r = hand_over(&t, ret_fd, err);
	locked_text_clear(&t);
	return r;
}

/* --- fetch ----------------------------------------------------------------------------------- */

static int read_option_file(const struct config_source *s, const struct config_option *o,
        struct secret **ret, struct error *err)
{
	bool pem = strcmp(o->key, "certificate") == 0 || strcmp(o->key, "ca") == 0;
	char key[CONFIG_SOURCE_NAME + 64];
	const struct secret_file file = {.key = key,
	        .path = o->value,
	        .max = pem || o->content == CONTENT_KEYTAB ? PEM_MAX : LINE_MAX_LEN,
	        .secret = o->content != CONTENT_PUBLIC,
	        .line = o->content == CONTENT_SECRET && !pem,
	        .text = o->content != CONTENT_KEYTAB};

	snprintf(key, sizeof(key), "[source %s] %s", s->name, o->key);
	return secret_file_read(&file, ret, err);
}

static int copy_keytab(const struct config *c, const struct config_source *s,
        const struct secret *content, const char *folder, char path[STATE_PATH_MAX],
        struct error *err)
{
	char name[CONFIG_SOURCE_NAME + 8];

	snprintf(name, sizeof(name), "%s.keytab", s->name);
	state_path(path, folder, name);
	return state_write_file(path, content->data, content->len, 0640, c->fetch.gid, err);
}

static int add_option(struct locked_text *t, const struct config *c, const struct config_source *s,
        const struct config_option *o, const char *folder, struct error *err)
{
	struct secret *content CLEANUP_SECRET = NULL;
	char path[STATE_PATH_MAX];
	size_t key_len = strlen(o->key);

	if (o->content != CONTENT_VALUE) {
		int r = read_option_file(s, o, &content, err);
		if (r == 0 && o->content == CONTENT_KEYTAB)
			r = copy_keytab(c, s, content, folder, path, err);
		if (r < 0)
			return r;
	}
	if (key_len > 5 && strcmp(o->key + key_len - 5, "-file") == 0)
		key_len -= 5;
	locked_text_string(t, o->key, key_len);
	locked_text_format(t, ":");
	if (o->content == CONTENT_VALUE)
		locked_text_string(t, o->value, strlen(o->value));
	else if (o->content == CONTENT_KEYTAB)
		locked_text_string(t, path, strlen(path));
	else
		locked_text_string(t, content->data, content->len);
	return 0;
}

static int add_source(struct locked_text *t, const struct config *c, const struct config_source *s,
        const char *folder, struct error *err)
{
	int r = 0;

	locked_text_format(
	        t, "{\"name\":\"%s\",\"type\":\"%s\",\"options\":{", s->name, source_type_name(s));
	for (size_t i = 0; r == 0 && i < s->option_count; i++) {
		locked_text_format(t, "%s", i ? "," : "");
		r = add_option(t, c, s, &s->options[i], folder, err);
	}
	locked_text_format(t, "}}");
	return r;
}

int settings_for_fetch(const struct config *c, const char *folder, int *ret_fd, struct error *err)
{
	struct locked_text t;
	bool first = true;
	int r = 0;

	locked_text_init(&t, NM_MAX_SETTINGS);
	locked_text_format(&t, "{\"v\":1,\"sources\":[");
	for (size_t i = 0; r == 0 && i < c->order.count; i++) {
		const struct config_source *source = config_source(c, c->order.names[i]);
		if (!source)
			continue;
		locked_text_format(&t, "%s", first ? "" : ",");
		r = add_source(&t, c, source, folder, err);
		first = false;
	}
	locked_text_format(&t, "]}");
	if (r == 0)
		r = hand_over(&t, ret_fd, err);
	locked_text_clear(&t);
	return r;
}

int settings_pass(int fd, char ret_number[12])
{
	if (fcntl(fd, F_SETFD, 0) < 0)
		return -errno;
	snprintf(ret_number, 12, "%d", fd);
	return 0;
}
