/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/name.h"
#include "fixer/base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 512

/* The value of the RDN at *at (behind its '='), unescaped (RFC 4514: \, and \2C), and *at moved
 * behind its comma. */
static void take_value(const char **at, char out[VALUE_MAX])
{
	const char *p = *at;
	size_t used = 0;

	while (*p && *p != ',') {
		char pair[3] = {0}, byte = *p++;
		if (byte == '\\' && *p) {
			pair[0] = p[0];
			pair[1] = p[1];
			if (hex_decode(pair, &byte, 1) == 0)
				p += 2;
			else
				byte = *p++;
		}
		if (used < VALUE_MAX - 1)
			out[used++] = byte;
	}
	out[used] = 0;
	*at = *p ? p + 1 : p;
}

/* The first CN of a distinguished name that is not a recovery record's. */
static bool cn_of_computer(const char *text, char out[VALUE_MAX])
{
	while (strncasecmp(text, "CN=", 3) == 0) {
		text += 3;
		take_value(&text, out);
		while (*text == ' ')
			text++;
		const char *brace = strrchr(out, '{');
		struct guid id;
		if (!brace || guid_parse(brace, &id) < 0)
			return true;
	}
	return false;
}

static bool is_address(const char *text)
{
	return strspn(text, "0123456789.") == strlen(text);
}

void name_of_host(const char *text, char *out, size_t size)
{
	char name[VALUE_MAX];

	while (*text == ' ')
		text++;
	if (!cn_of_computer(text, name)) {
		const char *domain = strchr(text, '\\');
		text_clean(name, sizeof(name), domain && domain[1] ? domain + 1 : text);
		/* "pc01.example.org"; a display name may hold a dot before a blank. */
		char *dot = strchr(name, '.');
		if (dot && dot != name && !strchr(name, ' ') && !is_address(name))
			*dot = 0;
	}
	size_t len = strlen(name);
	while (len > 1 && (name[len - 1] == '$' || name[len - 1] == ' '))
		name[--len] = 0;
	text_clean(out, size, name);
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

void name_normal_host(const char *text, char *out, size_t size)
{
	name_of_host(text, out, size);
	lower(out);
}

void name_normal_serial(const char *text, char *out, size_t size)
{
	static const char *const nobodys[] = {"tobefilledbyo.e.m.", "defaultstring", "none",
	        "notspecified", "notapplicable", "systemserialnumber", "n/a", "unknown", "invalid"};
	char clean[VALUE_MAX];
	size_t used = 0;

	text_clean(clean, sizeof(clean), text);
	for (const char *p = clean; *p && used + 1 < size; p++)
		if (*p != ' ')
			out[used++] = *p;
	out[used] = 0;
	lower(out);
	if (strspn(out, "0") == used)
		out[0] = 0;
	for (size_t i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++)
		if (strcmp(out, nobodys[i]) == 0)
			out[0] = 0;
}
