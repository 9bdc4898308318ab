/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/bmc/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STEPS_MAX   64
#define ROWS_MAX    64
#define COLUMNS_MAX 256
#define TEXT_MAX    1024
#define MS_MAX      ((json_int_t)1 << 40)

void bmc_answer_drop(struct bmc_answer *a)
{
	json_decref(a->more);
	*a = (struct bmc_answer){0};
}

/* Text of at most TEXT_MAX bytes, clean; NULL: none, or no memory. */
static json_t *clean(json_t *text)
{
	char out[TEXT_MAX];

	if (!json_is_string(text) || json_string_length(text) >= sizeof(out))
		return NULL;
	text_clean(out, sizeof(out), json_string_value(text));
	return json_string(out);
}

static int put(json_t *to, json_t *from, const char *name)
{
	return json_object_set_new(to, name, clean(json_object_get(from, name)));
}

/* One of words, as it is. */
static bool is_word(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

static bool pin_good(const char *pin)
{
	size_t len = strlen(pin);

	return len == 0 || (len == VAULT_BMC_PIN - 1 && strspn(pin, "0123456789abcdef") == len);
}

/* A reason of another field of work would be told to people as if it were of this one. */
static enum reason reason_of(const char *code)
{
	int reason = strcmp(code, "OK") == 0 || strncmp(code, "POWER_", 6) == 0 ? reason_parse(code)
	                                                                        : -1;

	return reason < 0 ? REASON_INTERNAL : (enum reason)reason;
}

static json_t *bmc_of(json_t *bmc)
{
	static const char *const names[] = {
	        "vendor", "product", "firmware", "uuid", "serial", "console"};
	json_t *ret = json_is_object(bmc) ? json_object() : NULL;

	for (size_t i = 0; ret && i < sizeof(names) / sizeof(names[0]); i++)
		if (put(ret, bmc, names[i]) < 0) {
			json_decref(ret);
			ret = NULL;
		}
	return ret;
}

static json_t *step_of(json_t *step)
{
	json_int_t ms;
	int ok;

	if (json_unpack(step, "{s:I,s:b}", "ms", &ms, "ok", &ok) < 0 || ms < 0 || ms > MS_MAX)
		return NULL;
	json_t *ret = json_pack("{s:I,s:b}", "ms", ms, "ok", ok);
	if (ret && put(ret, step, "step") == 0 && put(ret, step, "text") == 0)
		return ret;
	json_decref(ret);
	return NULL;
}

/* A list of up to max, each made anew. */
static json_t *list_of(json_t *list, size_t max, json_t *(*one)(json_t *))
{
	json_t *ret = json_is_array(list) && json_array_size(list) <= max ? json_array() : NULL;

	for (size_t i = 0; ret && i < json_array_size(list); i++)
		if (json_array_append_new(ret, one(json_array_get(list, i))) < 0) {
			json_decref(ret);
			ret = NULL;
		}
	return ret;
}

/* Takes steps and bmc, each may be NULL. */
static json_t *report_of(const char *power, json_t *boot, json_t *bmc, json_t *steps)
{
	if (boot && bmc && steps)
		return json_pack("{s:s,s:o,s:o,s:o}", "power", power, "boot", boot, "bmc", bmc,
		        "steps", steps);
	json_decref(boot);
	json_decref(bmc);
	json_decref(steps);
	return NULL;
}

static int parse_report(json_t *j, struct bmc_answer *a)
{
	static const char *const powers[] = {"on", "off", "unknown"};
	static const char *const types[] = {"", "ipmi", "redfish", "amt"};
	const char *reason, *text, *type, *power, *pin;
	json_t *boot, *bmc, *steps;
	json_int_t v, id;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:s,s:s,s:o,s:s,s:o,s:o}", "v",
	            &v, "id", &id, "reason", &reason, "text", &text, "type", &type, "power", &power,
	            "boot", &boot, "pin", &pin, "bmc", &bmc, "steps", &steps) < 0 ||
	        !is_word(power, powers, 3) || !is_word(type, types, 4) || !pin_good(pin))
		return -EBADMSG;
	a->reason = reason_of(reason);
	text_clean(a->text, sizeof(a->text), text);
	(void)snprintf(a->type, sizeof(a->type), "%s", type);
	(void)snprintf(a->pin, sizeof(a->pin), "%s", pin);
	a->more = report_of(power, clean(boot), bmc_of(bmc), list_of(steps, STEPS_MAX, step_of));
	return a->more ? 0 : -EBADMSG;
}

static int parse_screen(json_t *j, struct bmc_answer *a)
{
	json_int_t v, id, columns, seen;
	const char *reason, *text;
	json_t *rows;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:I,s:o,s:I}", "v", &v, "id",
	            &id, "reason", &reason, "text", &text, "columns", &columns, "rows", &rows,
	            "seen", &seen) < 0 ||
	        columns < 0 || columns > COLUMNS_MAX || seen < 0)
		return -EBADMSG;
	a->reason = reason_of(reason);
	text_clean(a->text, sizeof(a->text), text);
	rows = list_of(rows, ROWS_MAX, clean);
	if (rows)
		a->more =
		        json_pack("{s:I,s:o,s:I}", "columns", columns, "rows", rows, "seen", seen);
	return a->more ? 0 : -EBADMSG;
}

int bmc_answer_parse(json_t *j, bool console, struct bmc_answer *ret)
{
	*ret = (struct bmc_answer){0};
	int r = console ? parse_screen(j, ret) : parse_report(j, ret);
	if (r < 0)
		bmc_answer_drop(ret);
	return r;
}
