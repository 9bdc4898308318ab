/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what somebody typed as a recovery password. */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>

/* The key's password in the usual form gives the same key. */
static void parse_again(const struct secret *key)
{
	CLEANUP_SECRET struct secret *again = NULL;
	char text[64];
	size_t len = 0;
	unsigned group;

	must(key->len == 16);
	for (size_t i = 0; i < 8; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%06u", i ? "-" : "",
		        get_le16(key->data + 2 * i) * 11u);
	must(recovery_password_parse(text, len, &again, &group, NULL) == 0);
	must(memcmp(again->data, key->data, key->len) == 0);
}

/* "group 3", "8 groups of 6 digits": nothing longer could be there but the password's own. */
static bool has_two_digits(const char *text)
{
	for (; *text; text++)
		if (text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9')
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_SECRET struct secret *key = NULL;
	CLEANUP_FREE char *text = text_of(data, size);
	struct error err = {0};
	unsigned group = 99;

	must(sodium_init() >= 0);
	int r = recovery_password_parse(text, size, &key, &group, &err);
	must_explain(r, &err);
	if (r < 0)
		must(!key && group <= 8 && !has_two_digits(err.text));
	else
		parse_again(key);
	return 0;
}
