/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/input.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRING_MAX 4096

int input_bad(struct error *err, const char *format, ...)
{
	char text[256], clean[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_clean(clean, sizeof(clean), text);
	return error_set(err, -EINVAL, REASON_PROTOCOL_ERROR, "%s", clean);
}

/* The parser itself would go as deep as the text does. */
static bool depth_fits(const char *text, size_t len)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > NM_JSON_MAX_DEPTH)
				return false;
		} else if (text[i] == '}' || text[i] == ']') {
			depth--;
		}
	}
	return true;
}

static int clean(json_t *json, struct error *err)
{
	char text[STRING_MAX + 1];
	const char *key;
	json_t *value;
	size_t i;
	int r = 0;

	if (json_is_string(json)) {
		if (json_string_length(json) > STRING_MAX)
			return input_bad(err, "a string is longer than %d bytes", STRING_MAX);
		text_clean(text, sizeof(text), json_string_value(json));
		r = json_string_set(json, text) < 0 ? -ENOMEM : 0;
		secret_wipe(text, strlen(text)); /* it may be a password */
		return r;
	}
	json_array_foreach(json, i, value)
	{
		r = clean(value, err);
		if (r < 0)
			return r;
	}
	json_object_foreach(json, key, value)
	{
		r = clean(value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int input_parse(const char *text, size_t len, json_t **ret, struct error *err)
{
	json_error_t where;

	if (!depth_fits(text, len))
		return input_bad(err, "body: nested deeper than %d", NM_JSON_MAX_DEPTH);
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	if (!root)
		return input_bad(err, "body: %s", where.text);
	if (!json_is_object(root)) {
		json_decref(root);
		return input_bad(err, "body: not an object");
	}
	int r = clean(root, err);
	if (r < 0) {
		json_decref(root);
		return r;
	}
	*ret = root;
	return 0;
}

int input_unpack(json_t *json, struct error *err, const char *where, const char *format, ...)
{
	json_error_t problem;
	va_list args;

	va_start(args, format);
	int r = json_vunpack_ex(json, &problem, JSON_STRICT, format, args);
	va_end(args);
	return r < 0 ? input_bad(err, "%s: %s", where, problem.text) : 0;
}

int input_check(bool fits, const char *field, struct error *err)
{
	return fits ? 0 : input_bad(err, "%s: not a value that is allowed here", field);
}

int input_version(int v, struct error *err)
{
	if (v != NETMEND_WIRE_VERSION)
		return input_bad(err, "v: this appliance speaks version %d", NETMEND_WIRE_VERSION);
	return 0;
}

int input_hex(const char *text, size_t bytes, const char *field, struct error *err)
{
	if (strlen(text) != 2 * bytes || strspn(text, "0123456789abcdef") != 2 * bytes)
		return input_bad(err, "%s: not %zu lower-case hex digits", field, 2 * bytes);
	return 0;
}

int input_length(const char *text, size_t max, const char *field, struct error *err)
{
	if (strlen(text) > max)
		return input_bad(err, "%s: longer than %zu bytes", field, max);
	return 0;
}

int input_word(const char *text, const char *field, struct error *err)
{
	static const char letters[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:-";

	if (strlen(text) > 40 || text[strspn(text, letters)] != 0)
		return input_bad(err, "%s: not a word", field);
	return 0;
}

int input_guid_or_empty(const char *text, const char *field, struct error *err)
{
	struct guid guid;
	char canonical[GUID_TEXT];

	if (!text[0])
		return 0;
	if (guid_parse(text, &guid) == 0) {
		guid_format(&guid, canonical);
		if (strcmp(text, canonical) == 0)
			return 0;
	}
	return input_bad(err, "%s: not a GUID", field);
}

int input_base64(const char *text, size_t bytes, const char *field, struct error *err)
{
	uint8_t raw[128];
	size_t len;

	if (base64_decode(text, raw, sizeof(raw), &len) < 0 || len != bytes)
		return input_bad(err, "%s: not base64 of %zu bytes", field, bytes);
	return 0;
}

int input_reason(const char *text, enum reason *ret, const char *field, struct error *err)
{
	int reason = reason_parse(text);

	if (reason < 0)
		return input_bad(err, "%s: not a reason code", field);
	*ret = (enum reason)reason;
	return 0;
}

int input_range(
        json_int_t value, json_int_t low, json_int_t high, const char *field, struct error *err)
{
	if (value < low || value > high)
		return input_bad(
		        err, "%s: not from %lld to %lld", field, (long long)low, (long long)high);
	return 0;
}
