/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recovery password is eight numbers of six digits, each 11 times a 16 bit value: 128 bits, in
 * which one mistyped digit or two swapped ones show at once.
 */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"

#include <errno.h>

#define GROUPS       8
#define GROUP_DIGITS 6

static bool is_separator(char c)
{
	return c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int password_error(struct error *err, unsigned *ret_group, unsigned group)
{
	*ret_group = group;
	if (group == 0)
		return error_set(err, -EINVAL, REASON_RECOVERY_PASSWORD_FORMAT,
		        "a recovery password has 8 groups of 6 digits");
	return error_set(err, -EINVAL, REASON_RECOVERY_PASSWORD_FORMAT,
	        "group %u of the recovery password has a typing error", group);
}

/* How long the run of digits at text is: a group, or all 48 when nothing separates them. */
static size_t run_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && is_digit(text[n]))
		n++;
	return n;
}

/* text: GROUP_DIGITS digits. False when they are no multiple of 11 or too large. */
static bool group_value(const char *text, uint8_t *out)
{
	uint32_t value = 0;

	for (size_t i = 0; i < GROUP_DIGITS; i++)
		value = value * 10 + (uint32_t)(text[i] - '0');
	if (value % 11 != 0 || value / 11 > UINT16_MAX)
		return false;
	put_le16(out, (uint16_t)(value / 11));
	return true;
}

int recovery_password_read(const char *text, size_t len, uint8_t key[RECOVERY_KEY_LEN],
        unsigned *ret_group, struct error *err)
{
	unsigned group = 0;
	size_t at = 0, whole = 0; /* whole: digits of this run still to be taken */

	for (;;) {
		while (whole == 0 && at < len && is_separator(text[at]))
			at++;
		if (at == len)
			break;
		if (group == GROUPS)
			return password_error(err, ret_group, 0);
		if (whole == 0)
			whole = run_length(text + at, len - at);
		/* Digits typed without separators come as one run of 48. */
		bool fits = whole == GROUP_DIGITS ||
		            (whole % GROUP_DIGITS == 0 && whole / GROUP_DIGITS == GROUPS - group);
		if (!fits && whole > (size_t)2 * GROUP_DIGITS)
			return password_error(err, ret_group, 0);
		if (!fits || !group_value(text + at, key + (size_t)2 * group))
			return password_error(err, ret_group, group + 1);
		at += GROUP_DIGITS;
		whole -= GROUP_DIGITS;
		group++;
	}
	return group == GROUPS ? 0 : password_error(err, ret_group, 0);
}

int recovery_password_parse(const char *text, size_t len, struct secret **ret_key,
        unsigned *ret_group, struct error *err)
{
	CLEANUP_SECRET struct secret *key = secret_new(RECOVERY_KEY_LEN);

	if (!key)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a key");
	int r = recovery_password_read(text, len, key->data, ret_group, err);
	if (r == 0) {
		*ret_key = key;
		key = NULL;
	}
	return r;
}
