/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of columns as the scripts of July 2024, MBAM and ConfigMgr wrote them. */
#include "appliance/escrow/vault/columns.h"

#include <ctype.h>
#include <string.h>

/* Letters and digits only, in one case. */
static void reduce(const char *name, char *out, size_t size)
{
	size_t used = 0;

	for (; *name && used + 1 < size; name++)
		if (isalnum((unsigned char)*name))
			out[used++] = (char)tolower((unsigned char)*name);
	out[used] = 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

#define IN(text, words) is_in(text, words, sizeof(words) / sizeof((words)[0]))

static bool is_in(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool has_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

#define HAS(text, words) has_one_of(text, words, sizeof(words) / sizeof((words)[0]))

enum column_word column_word(const char *name)
{
	static const char *const others[] = {"volume", "device", "machine", "computer", "object",
	        "tenant", "disk", "drive", "user", "hardware", "smbios", "uuid", "host", "asset",
	        "session", "account", "client", "azuread", "entra"};
	static const char *const ids[] = {"id", "guid", "identifier"};
	static const char *const hosts[] = {"hostname", "host", "computername", "computer",
	        "machine", "machinename", "name", "devicename", "device", "displayname",
	        "devicedisplayname", "dnshostname", "dnsname", "fqdn", "pc", "pcname", "system",
	        "systemname", "client", "clientname", "workstation", "samaccountname",
	        "netbiosname"};
	static const char *const long_hosts[] = {"distinguishedname", "dn", "computerdn"};
	static const char *const keys[] = {"key", "recoverykey", "bitlockerkey", "bitlocker",
	        "bitlockerrecoverykey", "pin", "recovery"};
	char word[64];

	reduce(name, word, sizeof(word));
	if (ends_with(word, "id") || ends_with(word, "guid") || ends_with(word, "identifier") ||
	        strcmp(word, "uuid") == 0) {
		if (HAS(word, others))
			return WORD_OTHER_ID;
		if (IN(word, ids))
			return WORD_SHORT_ID;
		if (strstr(word, "key") || strstr(word, "recovery") || strstr(word, "password") ||
		        strstr(word, "protector"))
			return WORD_ID;
		return WORD_UNKNOWN;
	}
	if (strstr(word, "password") || strstr(word, "kennwort") || IN(word, keys))
		return WORD_PASSWORD;
	if (strstr(word, "serial") || strstr(word, "servicetag"))
		return WORD_SERIAL;
	if (IN(word, long_hosts))
		return WORD_HOST_LONG;
	return IN(word, hosts) ? WORD_HOST : WORD_UNKNOWN;
}
