/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/config/value.h"
#include "fixer/base/text.h"
#include "fixer/windows/recipe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

static const char *copy_text(const char *value, const struct value_target *target,
        const char *allowed, const char *wanted)
{
	size_t len = strlen(value);

	if (len == 0 || len >= target->size || strspn(value, allowed) != len)
		return wanted;
	memcpy(target->field, value, len + 1);
	return NULL;
}

const char *value_interface(const char *value, const struct value_target *target)
{
	static const char wanted[] = "the name of a network interface";

	if (value[0] == '-' || value[0] == '.')
		return wanted;
	return copy_text(value, target, LETTERS DIGITS "._-", wanted);
}

const char *value_ipv4(const char *value, const struct value_target *target)
{
	static const char wanted[] = "an IPv4 address like 192.0.2.10";
	struct in_addr address;

	if (inet_pton(AF_INET, value, &address) != 1 || address.s_addr == htonl(INADDR_ANY) ||
	        address.s_addr == htonl(INADDR_BROADCAST))
		return wanted;
	return copy_text(value, target, DIGITS ".", wanted);
}

static bool parse_number(const char *value, long low, long high, int *ret)
{
	char *end;

	errno = 0;
	long number = strtol(value, &end, 10);
	if (strspn(value, DIGITS) == 0 || *end != '\0' || errno != 0 || number < low ||
	        number > high)
		return false;
	*ret = (int)number;
	return true;
}

const char *value_port(const char *value, const struct value_target *target)
{
	return parse_number(value, 1, 65535, target->field) ? NULL : "a port from 1 to 65535";
}

const char *value_number(const char *value, const struct value_target *target)
{
	static char wanted[64]; /* one thread reads one file */

	snprintf(wanted, sizeof(wanted), "a number from %ld to %ld", target->low, target->high);
	return parse_number(value, target->low, target->high, target->field) ? NULL : wanted;
}

bool value_is_clean(const char *value)
{
	size_t n;

	while ((n = utf8_char(value, NULL)) > 0)
		value += n;
	return *value == '\0';
}

const char *value_label(const char *value, const struct value_target *target)
{
	size_t len = strlen(value);

	if (len == 0 || len >= target->size || !value_is_clean(value))
		return "a name of at most 63 characters";
	memcpy(target->field, value, len + 1);
	return NULL;
}

const char *value_time(const char *value, const struct value_target *target)
{
	int64_t seconds;

	if (iso8601_parse(value, &seconds) < 0 || seconds <= 0)
		return "a time in UTC like 2024-07-19T18:30:00Z";
	*(int64_t *)target->field = seconds;
	return NULL;
}

/* Paths go into dnsmasq's configuration, where blanks, commas, quotes and '#' have a meaning, so
 * those are not allowed in any. */
const char *value_path(const char *value, const struct value_target *target)
{
	static const char wanted[] =
	        "an absolute path of letters, digits and . _ + - : @ (at most 255 characters)";

	if (value[0] != '/')
		return wanted;
	return copy_text(value, target, LETTERS DIGITS "/._+-:@", wanted);
}

const char *value_file_name(const char *value, const struct value_target *target)
{
	static const char wanted[] = "a file name of letters, digits and . _ + - : @";

	return value[0] == '.' ? wanted : copy_text(value, target, LETTERS DIGITS "._+-:@", wanted);
}

const char *value_recipe(const char *value, const struct value_target *target)
{
	static const char wanted[] = "the name of a built-in recipe (netmend recipe list) or the "
	                             "absolute path of a file";

	if (recipe_builtin_text(value))
		return copy_text(value, target, LETTERS DIGITS "-", wanted);
	return value[0] == '/' ? value_path(value, target) : wanted;
}

const char *value_user(const char *value, const struct value_target *target)
{
	static const char wanted[] = "a user name or number other than root";

	if (value[0] == '-' || strcmp(value, "root") == 0 || strspn(value, "0") == strlen(value))
		return wanted;
	return copy_text(value, target, LETTERS DIGITS "._-", wanted);
}

const char *value_choice(const char *value, const struct value_target *target)
{
	for (int i = 0; target->choices->names[i]; i++) {
		if (strcmp(value, target->choices->names[i]) == 0) {
			*(int *)target->field = i;
			return NULL;
		}
	}
	return target->choices->wanted;
}

/* Anybody may read this file: a password in it would be no secret. */
static bool url_has_password(const char *url)
{
	const char *user = strstr(url, "://") + 3;
	const char *at = strchr(user, '@'), *colon = strchr(user, ':');

	return (at && colon && colon < at) || strcasestr(url, "password=");
}

const char *value_database(const char *value, const struct value_target *target)
{
	size_t len = strlen(value);

	if (strncmp(value, "postgresql://", 13) != 0 && strncmp(value, "postgres://", 11) != 0)
		return "an address like postgresql://netmend@db.example.com/netmend";
	if (url_has_password(value))
		return "free of the password, which belongs into password-file";
	if (len >= target->size || !value_is_clean(value) || strpbrk(value, " \"'"))
		return "an address of at most 511 characters without blanks and quotes";
	memcpy(target->field, value, len + 1);
	return NULL;
}

const char *value_range(const char *value, const struct value_target *target)
{
	static const char wanted[] =
	        "a range of addresses like 192.0.2.100,192.0.2.200, the lower one first";
	const char *comma = strchr(value, ',');
	char first[INET_ADDRSTRLEN] = "";
	struct in_addr a, b;

	if (!comma || (size_t)(comma - value) >= sizeof(first))
		return wanted;
	memcpy(first, value, (size_t)(comma - value));
	if (inet_pton(AF_INET, first, &a) != 1 || inet_pton(AF_INET, comma + 1, &b) != 1 ||
	        ntohl(a.s_addr) > ntohl(b.s_addr))
		return wanted;
	return copy_text(value, target, DIGITS ".,", wanted);
}
