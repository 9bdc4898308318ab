/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answer to a first contact. */
#include "fixer/link/api_answer.h"
#include "netmend/version.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int bad(struct error *err, const char *what)
{
	return error_set(err, -EPROTO, REASON_PROTOCOL_ERROR, "answer to boot: %s", what);
}

static int parse_step(const char *next, enum api_boot_step *ret)
{
	static const char *const names[] = {[BOOT_REMEDIATE] = WIRE_BOOT_REMEDIATE,
	        [BOOT_HOLD] = WIRE_BOOT_HOLD,
	        [BOOT_LOCAL] = WIRE_BOOT_LOCAL};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(next, names[i]) == 0) {
			*ret = (enum api_boot_step)i;
			return 0;
		}
	return -EINVAL;
}

static int fill(json_t *root, struct api_boot *b, struct error *err)
{
	const char *next, *token, *name, *reason, *text;
	json_int_t wait, attempt;
	json_error_t problem;
	int v, dry_run;

	if (json_unpack_ex(root, &problem, 0, "{s:i, s:s, s:s, s:I, s:s, s:I, s:b, s:s, s:s !}",
	            "v", &v, "next", &next, "token", &token, "wait", &wait, "name", &name,
	            "attempt", &attempt, "dry_run", &dry_run, "reason", &reason, "text", &text) < 0)
		return bad(err, problem.text);
	int code = reason_parse(reason);
	if (v != NETMEND_WIRE_VERSION)
		return bad(err, "another wire version");
	if (parse_step(next, &b->step) < 0 || code < 0)
		return bad(err, "unknown next or reason");
	if (wait < 0 || wait > API_WAIT_MAX || attempt < 0)
		return bad(err, "a number out of range");
	bool hex = strlen(token) == 32 && strspn(token, "0123456789abcdef") == 32;
	if (b->step == BOOT_REMEDIATE ? !hex : token[0] != 0)
		return bad(err, "bad token");
	(void)snprintf(b->token, sizeof(b->token), "%s", token);
	b->wait = (unsigned)wait;
	b->dry_run = dry_run;
	b->reason = (enum reason)code;
	text_clean(b->name, sizeof(b->name), name);
	text_clean(b->text, sizeof(b->text), text);
	return 0;
}

int api_parse_boot(const void *text, size_t len, struct api_boot *ret, struct error *err)
{
	struct api_boot b = {0};
	json_error_t problem;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);

	int r = root ? fill(root, &b, err) : bad(err, problem.text);
	json_decref(root);
	if (r == 0)
		*ret = b;
	return r;
}
