/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/command.h"

#include "appliance/power/pool.h"
#include "appliance/power/walls.h"
#include "fixer/base/json_wipe.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

const char power_command_usage[] =
        "       netmend-power order --order ORDER --address ADDRESS[:PORT] --password-file FILE\n"
        "            [--type auto|ipmi|redfish|amt] [--user USER] [--pin HEX] [--uuid UUID]\n"
        "            [--serial SERIAL] [--firmware auto|uefi|legacy] [--other] [--image URL]\n"
        "            [--seconds N]\n";

enum {
	OPT_ORDER = 1,
	OPT_ADDRESS,
	OPT_PASSWORD,
	OPT_TYPE,
	OPT_USER,
	OPT_PIN,
	OPT_UUID,
	OPT_SERIAL,
	OPT_FIRMWARE,
	OPT_OTHER,
	OPT_IMAGE,
	OPT_SECONDS,
	OPT_COUNT
};

static const struct option table[] = {{"order", required_argument, NULL, OPT_ORDER},
        {"address", required_argument, NULL, OPT_ADDRESS},
        {"password-file", required_argument, NULL, OPT_PASSWORD},
        {"type", required_argument, NULL, OPT_TYPE}, {"user", required_argument, NULL, OPT_USER},
        {"pin", required_argument, NULL, OPT_PIN}, {"uuid", required_argument, NULL, OPT_UUID},
        {"serial", required_argument, NULL, OPT_SERIAL},
        {"firmware", required_argument, NULL, OPT_FIRMWARE},
        {"other", no_argument, NULL, OPT_OTHER}, {"image", required_argument, NULL, OPT_IMAGE},
        {"seconds", required_argument, NULL, OPT_SECONDS},
        /* Everybody sees arguments: never one of ours, nor short for password-file. */
        {"password", required_argument, NULL, OPT_COUNT}, {0}};

static int parse_options(int argc, char **argv, const char *ret[OPT_COUNT])
{
	int c;

	opterr = 0; /* it would repeat what was typed */
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c < OPT_ORDER || c >= OPT_COUNT)
			return -EINVAL;
		ret[c] = optarg ? optarg : "";
	}
	return optind == argc && ret[OPT_ORDER] && ret[OPT_ADDRESS] && ret[OPT_PASSWORD] ? 0
	                                                                                 : -EINVAL;
}

static struct secret *cannot_read(const char *path, int error)
{
	log_error("cannot read the password from %s: %s", path, strerror(error));
	return NULL;
}

/* Its first line; "-" is standard input. */
static struct secret *read_password(const char *path)
{
	bool input = strcmp(path, "-") == 0;
	CLEANUP_CLOSE int opened = input ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	if (!input && opened < 0)
		return cannot_read(path, errno);
	struct secret *s = secret_new(NM_MAX_PASSPHRASE + 2);
	if (!s)
		return cannot_read(path, ENOMEM);
	while (n > 0 && len + 1 < s->len && !memchr(s->data, '\n', len)) {
		n = read(input ? STDIN_FILENO : opened, s->data + len, s->len - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0) {
		int error = errno;
		secret_free(s);
		return cannot_read(path, error);
	}
	s->data[strcspn((char *)s->data, "\r\n")] = 0;
	return s;
}

/* "10.9.0.5", "10.9.0.5:6230", "bmc.example:443", "[2001:db8::5]:443", "2001:db8::5". */
static int split_address(const char *text, char *host, size_t size, unsigned *ret_port)
{
	const char *begin = text + (text[0] == '['), *end = text + strlen(text), *port = NULL;
	char *rest;

	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		port = end[1] ? end + 2 : NULL;
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		end = strchr(text, ':');
		port = end + 1;
	}
	if ((size_t)(end - begin) >= size)
		return -EINVAL;
	(void)snprintf(host, size, "%.*s", (int)(end - begin), begin);
	*ret_port = 0;
	if (!port)
		return 0;
	errno = 0;
	unsigned long n = strtoul(port, &rest, 10);
	if (*port < '0' || *port > '9' || *rest || errno || n == 0 || n > UINT16_MAX)
		return -EINVAL;
	*ret_port = (unsigned)n;
	return 0;
}

static const char *or_else(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

/* By way of the message that serve would be sent: the same rules. */
static int make_message(const char *o[OPT_COUNT], const char *password, struct power_message *ret,
        struct error *err)
{
	char host[POWER_ADDRESS];
	unsigned port;
	long seconds = strtol(or_else(o[OPT_SECONDS], "120"), NULL, 10);

	if (split_address(o[OPT_ADDRESS], host, sizeof(host), &port) < 0)
		return error_set(
		        err, -EINVAL, REASON_USAGE, "--address is ADDRESS or ADDRESS:PORT");
	json_t *j = json_pack(
	        "{s:i,s:i,s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:{s:s,s:s,s:s},s:s,s:b,s:s,s:I}", "v", 1,
	        "id", 1, "order", o[OPT_ORDER], "type", or_else(o[OPT_TYPE], "auto"), "address",
	        host, "port", (int)port, "user", or_else(o[OPT_USER], ""), "password", password,
	        "pin", or_else(o[OPT_PIN], ""), "machine", "name", "", "uuid",
	        or_else(o[OPT_UUID], ""), "serial", or_else(o[OPT_SERIAL], ""), "firmware",
	        or_else(o[OPT_FIRMWARE], "auto"), "other", o[OPT_OTHER] != NULL, "image",
	        or_else(o[OPT_IMAGE], ""), "seconds", (json_int_t)seconds);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	int r = text ? power_message_parse(text, strlen(text), ret, err)
	             : error_set(err, -EINVAL, REASON_USAGE,
	                       "an argument or the password is not UTF-8");
	json_wipe_text(text);
	json_decref(j);
	return r;
}

/* Exit status. Takes answer over. */
static int print_answer(json_t *answer, enum reason reason)
{
	char *text = answer ? json_dumps(answer, JSON_INDENT(2)) : NULL;
	bool printed = text && puts(text) >= 0 && fflush(stdout) == 0;

	free(text);
	json_decref(answer);
	if (!printed)
		log_error("cannot print the answer");
	return printed ? (reason == REASON_OK ? 0 : 3) : 1;
}

static int carry_out(struct power_message *m)
{
	struct power_result *result = calloc(1, sizeof(*result));
	struct error err = {0};
	int status = 1;

	if (!result || power_walls_raise(&err) < 0) {
		log_error("%s", result ? err.text : "no memory");
	} else {
		m->job.deadline = power_clock() + (int64_t)m->seconds * 1000;
		json_t *answer = pool_drive(m, result);
		status = print_answer(answer, result->reason);
	}
	free(result);
	return status;
}

int power_command(int argc, char **argv)
{
	const char *options[OPT_COUNT] = {0};
	struct power_message m = {0};
	struct error err = {0};

	if (parse_options(argc, argv, options) < 0)
		return 2;
	CLEANUP_SECRET struct secret *password = read_password(options[OPT_PASSWORD]);
	if (!password)
		return 1;
	if (make_message(options, (const char *)password->data, &m, &err) < 0) {
		log_error("%s", err.text);
		return 2;
	}
	int status = carry_out(&m);
	power_message_clear(&m);
	return status;
}
