/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/settings_part.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int settings_bad(struct error *err, const char *what)
{
	return error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR, "escrow's settings: %s", what);
}

size_t settings_which(const char *text, const char *const *names, size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(text, names[i]) != 0)
		i++;
	return i;
}

int settings_text(const char *text, char *out, size_t size)
{
	if (!text[0] || strlen(text) >= size)
		return -EBADMSG;
	text_clean(out, size, text);
	return strcmp(out, text) == 0 ? 0 : -EBADMSG;
}

void settings_defaults(struct settings *ret)
{
	*ret = (struct settings){
	        .rules = {.campaign = "default",
	                .approval = APPROVAL_AUTO,
	                .per_minute = NM_RELEASE_PER_MINUTE,
	                .subnet_minute = NM_RELEASE_SUBNET_MINUTE,
	                .subnet_prefix = NM_RELEASE_SUBNET_PREFIX,
	                .machine_hour = NM_RELEASE_MACHINE_HOUR,
	                .machine_keys = NM_RELEASE_MACHINE_KEYS,
	                .machine_mismatches = NM_RELEASE_MISMATCHES,
	                .suspects = NM_RELEASE_SUSPECTS,
	                .request_minutes = NM_REQUEST_MINUTES,
	                .approval_minutes = NM_APPROVAL_MINUTES},
	        .source_count = 1,
	        .sources = {{.name = "vault", .type = "vault"}},
	        .page_import = true,
	};
}

void settings_clear(struct settings *s)
{
	secret_free(s->vault.secret);
	free(s->rules.items);
	*s = (struct settings){0};
}

/* --- vault ----------------------------------------------------------------------------------- */

static int parse_vault(json_t *j, struct settings *s, struct error *err)
{
	static const char *const kinds[] = {"auto", "file", "passphrase", "ask"};
	const char *key, *secret = "";

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s?s}", "key", &key, "secret", &secret) < 0)
		return settings_bad(err, "vault has key and secret");
	size_t kind = settings_which(key, kinds, 4);
	if (kind == 4)
		return settings_bad(err, "vault.key is auto, file, passphrase or ask");
	s->vault.kind = (enum vault_key_kind)kind;
	bool needed = s->vault.kind == VAULT_KEY_FILE || s->vault.kind == VAULT_KEY_PASSPHRASE;
	if (needed != (secret[0] != '\0'))
		return settings_bad(err, "vault.secret goes with key file and passphrase only");
	if (!needed)
		return 0;
	size_t len = 0, room = strlen(secret) / 4 * 3 + 3;
	struct secret *bytes CLEANUP_SECRET = secret_new(room);
	if (!bytes)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory can be locked");
	if (base64_decode(secret, bytes->data, room, &len) < 0 || len == 0)
		return settings_bad(err, "vault.secret is not base64");
	s->vault.secret = secret_copy(bytes->data, len);
	return s->vault.secret
	               ? 0
	               : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory can be locked");
}

/* --- the rest -------------------------------------------------------------------------------- */

static int parse_source(json_t *j, struct settings *s, size_t at, struct error *err)
{
	static const char *const types[] = {"vault", "ldap", "graph", "exec"};
	struct settings_source *source = &s->sources[at];
	const char *name, *type;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s}", "name", &name, "type", &type) < 0)
		return settings_bad(err, "a source has name and type");
	if (settings_text(name, source->name, sizeof(source->name)) < 0)
		return settings_bad(err, "a source's name is 1 to 31 bytes of text");
	if (settings_which(type, types, 4) == 4)
		return settings_bad(err, "a source's type is vault, ldap, graph or exec");
	memcpy(source->type, type, strlen(type) + 1);
	for (size_t i = 0; i < at; i++)
		if (strcmp(s->sources[i].name, name) == 0)
			return settings_bad(err, "two sources have the same name");
	return 0;
}

static int parse_sources(json_t *list, struct settings *s, struct error *err)
{
	size_t count = json_array_size(list);
	int r = 0;

	if (!json_is_array(list) || count < 1 || count > NM_MAX_SOURCES)
		return settings_bad(err, "sources is a list of 1 to 8");
	for (size_t i = 0; r == 0 && i < count; i++)
		r = parse_source(json_array_get(list, i), s, i, err);
	s->source_count = count;
	return r;
}

static int parse_all(json_t *j, struct settings *s, struct error *err)
{
	json_t *vault, *release, *sources;
	const char *fetch, *power = "";
	json_int_t v;
	int syslog, page_import = true;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:o,s:o,s:o,s:s,s?s,s:b,s?b}", "v", &v,
	            "vault", &vault, "release", &release, "sources", &sources, "fetch", &fetch,
	            "power", &power, "syslog", &syslog, "page_import", &page_import) < 0 ||
	        v != 1)
		return settings_bad(
		        err, "v (1), vault, release, sources, fetch and syslog are needed");
	if (fetch[0] && settings_text(fetch, s->fetch, sizeof(s->fetch)) < 0)
		return settings_bad(err, "fetch is the path of a socket");
	if (power[0] && settings_text(power, s->power, sizeof(s->power)) < 0)
		return settings_bad(err, "power is the path of a socket");
	s->syslog = syslog;
	s->page_import = page_import;
	int r = parse_vault(vault, s, err);
	if (r == 0)
		r = settings_release(release, &s->rules, err);
	return r < 0 ? r : parse_sources(sources, s, err);
}

int settings_parse(const char *text, size_t len, struct settings *ret, struct error *err)
{
	struct settings s = {0};
	json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	int r = j ? parse_all(j, &s, err) : settings_bad(err, "not JSON");

	json_decref(j);
	if (r < 0)
		settings_clear(&s);
	else
		*ret = s;
	return r;
}

int settings_read(int fd, struct settings *ret, struct error *err)
{
	int owned CLEANUP_CLOSE = fd;
	struct secret *text CLEANUP_SECRET = secret_new(NM_MAX_SETTINGS + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory can be locked");
	while (n > 0 && len < text->len) {
		n = read(owned, text->data + len, text->len - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	if (n < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot read the settings: %s",
		        strerror(errno));
	if (len > NM_MAX_SETTINGS)
		return settings_bad(err, "larger than their limit");
	return settings_parse((const char *)text->data, len, ret, err);
}
