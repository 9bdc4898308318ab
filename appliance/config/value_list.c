/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of more than one word. */
#include "appliance/config/config.h"
#include "appliance/config/value.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define BETWEEN " \t,"

size_t value_word(const char **at, char *out, size_t size)
{
	const char *start = *at + strspn(*at, BETWEEN);
	size_t len = strcspn(start, BETWEEN);

	*at = start + len;
	if (len < size) {
		memcpy(out, start, len);
		out[len] = '\0';
	}
	return len;
}

/* "10.1.0.0/16", with nothing in the address beyond the prefix: 10.1.2.3/16 is a slip. */
static bool is_subnet(const char *text)
{
	const char *slash = strchr(text, '/');
	char address[INET_ADDRSTRLEN];
	struct in_addr a;
	char *end;

	if (!slash || (size_t)(slash - text) >= sizeof(address) ||
	        strspn(slash + 1, "0123456789") == 0)
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	long prefix = strtol(slash + 1, &end, 10);
	if (*end != '\0' || prefix > 32 || inet_pton(AF_INET, address, &a) != 1)
		return false;
	uint32_t host = prefix == 32 ? 0 : UINT32_MAX >> prefix;
	return (ntohl(a.s_addr) & host) == 0;
}

static const char *add_subnets(
        const char *value, bool hosts, const char *wanted, const struct value_target *target)
{
	struct config_subnets list = *(struct config_subnets *)target->field;
	char word[sizeof(list.names[0])];
	size_t len;

	while ((len = value_word(&value, word, sizeof(word))) > 0) {
		if (hosts && len + sizeof("/32") <= sizeof(word) && !strchr(word, '/'))
			memcpy(word + len, "/32", sizeof("/32"));
		if (len >= sizeof(word) || !is_subnet(word))
			return wanted;
		if (list.count == CONFIG_SUBNETS_MAX)
			return "a list of at most 64 subnets";
		memcpy(list.names[list.count++], word, sizeof(word));
	}
	*(struct config_subnets *)target->field = list;
	return NULL;
}

const char *value_subnets(const char *value, const struct value_target *target)
{
	return add_subnets(value, false,
	        "a list of subnets like 10.1.0.0/16, each named by its first address", target);
}

const char *value_hosts(const char *value, const struct value_target *target)
{
	return add_subnets(
	        value, true, "a list of addresses and subnets like 10.0.0.5, 10.1.0.0/16", target);
}

const char *value_order(const char *value, const struct value_target *target)
{
	static const char wanted[] = "a list of sources, each once: vault or the NAME of a "
	                             "section [source NAME]";
	struct config_order list = *(struct config_order *)target->field;
	char word[CONFIG_SOURCE_NAME];
	size_t len;

	while ((len = value_word(&value, word, sizeof(word))) > 0) {
		if (len >= sizeof(word) || list.count == NM_MAX_SOURCES)
			return wanted;
		for (size_t i = 0; i < list.count; i++)
			if (strcmp(list.names[i], word) == 0)
				return wanted;
		memcpy(list.names[list.count++], word, sizeof(word));
	}
	if (list.count == 0)
		return wanted;
	*(struct config_order *)target->field = list;
	return NULL;
}

const char *value_vault_key(const char *value, const struct value_target *target)
{
	static const struct {
		const char *prefix;
		enum vault_key_place place;
		bool path;
	} table[] = {
	        {"file:", VAULT_FROM_FILE, true},
	        {"passphrase-file:", VAULT_FROM_PASSPHRASE_FILE, true},
	        {"credential:", VAULT_FROM_CREDENTIAL, false},
	        {"passphrase-credential:", VAULT_FROM_PASSPHRASE_CREDENTIAL, false},
	};
	struct config_vault_key key = {0};

	if (strcmp(value, "auto") == 0 || strcmp(value, "ask") == 0) {
		key.place = value[1] == 'u' ? VAULT_FROM_STATE : VAULT_FROM_PERSON;
		*(struct config_vault_key *)target->field = key;
		return NULL;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t len = strlen(table[i].prefix);
		const struct value_target name = {.field = key.name, .size = sizeof(key.name)};

		if (strncmp(value, table[i].prefix, len) != 0 ||
		        (table[i].path ? value_path : value_file_name)(value + len, &name))
			continue;
		key.place = table[i].place;
		*(struct config_vault_key *)target->field = key;
		return NULL;
	}
	return "auto, ask, file:PATH, passphrase-file:PATH, credential:NAME or "
	       "passphrase-credential:NAME";
}
