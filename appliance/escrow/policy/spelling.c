/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/spelling.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* As vendors ship them, without blanks and punctuation and in upper case. */
static const char *const no_serial[] = {"TOBEFILLEDBYOEM", "DEFAULTSTRING", "DEFAULT", "NONE", "NA",
        "NULL", "OEM", "UNKNOWN", "INVALID", "EMPTY", "NOTSPECIFIED", "NOTAPPLICABLE",
        "NOTAVAILABLE", "NOTSET", "SERIALNUMBER", "SYSTEMSERIALNUMBER", "CHASSISSERIALNUMBER",
        "BASEBOARDSERIALNUMBER", "SERIALNUMBERTBD", "0123456789", "123456789", "1234567890", "TBD"};

static const char *const no_uuid[] = {"03000200040005000006000700080009",
        "00020003000400050006000700080009", "123456781234567890ABCDDEEFAABBCC",
        "12345678123412341234123456789ABC"};

static bool all_alike(const char *text)
{
	return text[strspn(text, (const char[]){text[0], '\0'})] == '\0';
}

static bool one_of(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

#define ONE_OF(list, text) one_of(list, sizeof(list) / sizeof((list)[0]), text)

/* Exactly count hexadecimal digits, with characters of between ignored. */
static bool digits(const char *text, const char *between, size_t count, char *ret)
{
	size_t n = 0;

	for (; *text; text++) {
		if (isxdigit((unsigned char)*text) && n < count)
			ret[n++] = (char)toupper((unsigned char)*text);
		else if (!strchr(between, *text))
			return false;
	}
	ret[n] = '\0';
	return n == count;
}

static bool nothing(char ret[SPELLING_TEXT])
{
	ret[0] = '\0';
	return false;
}

bool spelling_uuid(const char *text, char ret[SPELLING_TEXT])
{
	if (!digits(text, "-{} ", 32, ret) || all_alike(ret) || ONE_OF(no_uuid, ret) ||
	        strncmp(ret, "FEFEFEFEFEFEFEFEFEFEFEFE", 24) == 0)
		return nothing(ret);
	return true;
}

bool spelling_mac(const char *text, char ret[SPELLING_TEXT])
{
	return digits(text, ":-. ", 12, ret) && !all_alike(ret) ? true : nothing(ret);
}

bool spelling_serial(const char *text, char ret[SPELLING_TEXT])
{
	char bare[SPELLING_TEXT];
	size_t len, n = 0;

	while (isspace((unsigned char)*text))
		text++;
	len = strnlen(text, SPELLING_TEXT - 1);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++) {
		ret[i] = (char)toupper((unsigned char)text[i]);
		if (isalnum((unsigned char)ret[i]) || (ret[i] & 0x80))
			bare[n++] = ret[i];
	}
	ret[len] = bare[n] = '\0';
	return n == 0 || all_alike(bare) || ONE_OF(no_serial, bare) ? nothing(ret) : true;
}
