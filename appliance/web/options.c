/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/operator.h"
#include "appliance/fleet/turns.h"
#include "appliance/web/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_kind { OPTION_NUMBER, OPTION_TEXT };

struct option_row {
	const char *name;
	size_t offset;
	enum option_kind kind;
	bool required;
	long low, high; /* of a number */
};

#define NUMBER(name, member, required, low, high)                                              \
	{                                                                                      \
		name, offsetof(struct web_options, member), OPTION_NUMBER, required, low, high \
	}
#define TEXT(name, member, required)                                                    \
	{                                                                               \
		name, offsetof(struct web_options, member), OPTION_TEXT, required, 0, 0 \
	}

static const struct option_row rows[] = {
        NUMBER("--http-fd", http_fd, true, 0, INT_MAX),
        NUMBER("--https-fd", https_fd, true, 0, INT_MAX),
        NUMBER("--control-fd", control_fd, false, -1, INT_MAX),
        TEXT("--database", database, false),
        NUMBER("--store-fd", store_fd, false, -1, INT_MAX),
        TEXT("--appliance", appliance, false),
        TEXT("--bundles", bundles, true),
        TEXT("--cert", cert, true),
        TEXT("--key", key, true),
        TEXT("--kernel", kernel, true),
        TEXT("--initrd", initrd, true),
        TEXT("--program", program, true),
        TEXT("--media", media, true),
        TEXT("--escrow-socket", escrow_socket, true),
        TEXT("--hosts", hosts, true),
        TEXT("--templates", templates, true),
        TEXT("--page", page, true),
        TEXT("--recipe", recipe, true),
        TEXT("--address", address, true),
        NUMBER("--http-port", http_port, false, 1, 65535),
        NUMBER("--https-port", https_port, false, 1, 65535),
        NUMBER("--prefix", prefix, true, 1, 32),
        TEXT("--gateway", gateway, false),
        TEXT("--scope", scope, true),
        NUMBER("--at-once", at_once, false, 0, TURNS_PLACES_MAX),
        TEXT("--loader", loader, false),
        TEXT("--dry-run", dry_run, false),
        TEXT("--metrics", metrics, false),
        TEXT("--wallboard", wallboard, false),
};
#define NUMBER_TEXT 12 /* the longest int with sign and NUL */
#define ROWS        (sizeof(rows) / sizeof(rows[0]))

_Static_assert(2 * ROWS + 3 <= WEB_ARGV_MAX, "WEB_ARGV_MAX is too small");
_Static_assert(ROWS <= 32, "one bit an option");

static int *number_of(struct web_options *o, const struct option_row *row)
{
	return (int *)(void *)((char *)o + row->offset);
}

static const char **text_of(struct web_options *o, const struct option_row *row)
{
	return (const char **)(void *)((char *)o + row->offset);
}

static int option_set(
        struct web_options *o, const struct option_row *row, const char *value, struct error *err)
{
	char *end;

	if (row->kind == OPTION_TEXT) {
		*text_of(o, row) = value;
		return 0;
	}
	errno = 0;
	long n = strtol(value, &end, 10);
	if (errno || end == value || *end || n < row->low || n > row->high)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "%s: \"%.40s\" is not a number from %ld to %ld", row->name, value, row->low,
		        row->high);
	*number_of(o, row) = (int)n;
	return 0;
}

static int options_check(const struct web_options *o, struct error *err)
{
	struct in_addr a;

	if ((o->database[0] != '\0') == (o->store_fd >= 0))
		return error_set(
		        err, -EINVAL, REASON_USAGE, "one of --database and --store-fd is needed");
	if (inet_pton(AF_INET, o->address, &a) != 1)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "--address: \"%.40s\" is not an IPv4 address", o->address);
	if (o->gateway[0] && inet_pton(AF_INET, o->gateway, &a) != 1)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "--gateway: \"%.40s\" is not an IPv4 address", o->gateway);
	if (strcmp(o->scope, "listed") != 0 && strcmp(o->scope, "all") != 0)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "--scope: listed or all, not \"%.40s\"", o->scope);
	if (o->loader[0] && fleet_loader_parse(o->loader) < 0)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "--loader: auto, ipxe or shim, not \"%.40s\"", o->loader);
	if (strcmp(o->dry_run, "yes") != 0 && strcmp(o->dry_run, "no") != 0)
		return error_set(err, -EINVAL, REASON_USAGE, "--dry-run: yes or no, not \"%.40s\"",
		        o->dry_run);
	if (strcmp(o->wallboard, "yes") != 0 && strcmp(o->wallboard, "no") != 0)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "--wallboard: yes or no, not \"%.40s\"", o->wallboard);
	return 0;
}

int web_options_parse(int argc, char **argv, struct web_options *ret, struct error *err)
{
	struct web_options o = {.control_fd = -1,
	        .store_fd = -1,
	        .database = "",
	        .appliance = "",
	        .http_port = 80,
	        .https_port = 443,
	        .gateway = "",
	        .dry_run = "no",
	        .loader = "",
	        .metrics = "",
	        .wallboard = "no"};
	unsigned seen = 0;

	for (int i = 1; i < argc; i += 2) {
		size_t k = 0;
		while (k < ROWS && strcmp(argv[i], rows[k].name) != 0)
			k++;
		if (k == ROWS)
			return error_set(
			        err, -EINVAL, REASON_USAGE, "unknown option \"%.40s\"", argv[i]);
		if (seen & 1u << k)
			return error_set(
			        err, -EINVAL, REASON_USAGE, "%s given twice", rows[k].name);
		if (i + 1 == argc)
			return error_set(
			        err, -EINVAL, REASON_USAGE, "%s needs a value", rows[k].name);
		int r = option_set(&o, &rows[k], argv[i + 1], err);
		if (r < 0)
			return r;
		seen |= 1u << k;
	}
	for (size_t k = 0; k < ROWS; k++)
		if (rows[k].required && !(seen & 1u << k))
			return error_set(err, -EINVAL, REASON_USAGE, "%s is missing", rows[k].name);
	int r = options_check(&o, err);
	if (r < 0)
		return r;
	*ret = o;
	return 0;
}

void web_options_argv(const struct web_options *options, const char *program, char *text,
        const char *argv[WEB_ARGV_MAX])
{
	struct web_options o = *options;
	size_t n = 0;

	argv[n++] = program;
	argv[n++] = "web";
	for (size_t k = 0; k < ROWS; k++) {
		argv[n++] = rows[k].name;
		if (rows[k].kind == OPTION_TEXT) {
			argv[n++] = *text_of(&o, &rows[k]);
			continue;
		}
		argv[n++] = text;
		text += snprintf(text, NUMBER_TEXT, "%d", *number_of(&o, &rows[k])) + 1;
	}
	argv[n] = NULL;
}
