/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/cell.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- key IDs -------------------------------------------------------------------------------------
 */

static void add_id(struct cell_ids *ids, const struct guid *id)
{
	for (size_t i = 0; i < ids->count && i < CELL_MANY; i++)
		if (guid_equal(&ids->ids[i], id))
			return;
	if (ids->count < CELL_MANY)
		ids->ids[ids->count] = *id;
	if (ids->count <= CELL_MANY)
		ids->count++;
}

/* 32 hexadecimal digits: as the text of a GUID without its dashes, and as its bytes on disk. */
static size_t bare_ids(const char *text, struct cell_ids *ids)
{
	bool stored = strncasecmp(text, "X'", 2) == 0;
	const char *digits = stored ? text + 2 : text;
	char dashed[GUID_TEXT], hex[2 * GUID_LEN + 1];
	struct guid id;

	if (strlen(digits) != sizeof(hex) - 1 + (stored ? 1 : 0))
		return 0;
	memcpy(hex, digits, sizeof(hex) - 1);
	hex[sizeof(hex) - 1] = 0;
	if (hex_decode(hex, id.bytes, GUID_LEN) < 0)
		return 0;
	add_id(ids, &id);
	if (stored)
		return 1;
	(void)snprintf(dashed, sizeof(dashed), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
	        hex + 16, hex + 20);
	if (guid_parse(dashed, &id) == 0)
		add_id(ids, &id);
	return 1;
}

size_t cell_ids(const char *text, struct cell_ids *ids)
{
	char piece[GUID_TEXT];
	size_t len = strlen(text), found = 0;
	struct guid id;

	for (size_t i = 0; i + GUID_TEXT - 1 <= len; i++) {
		if (text[i + 8] != '-' || text[i + 13] != '-')
			continue;
		memcpy(piece, text + i, GUID_TEXT - 1);
		piece[GUID_TEXT - 1] = 0;
		if (guid_parse(piece, &id) < 0)
			continue;
		add_id(ids, &id);
		found++;
		i += GUID_TEXT - 2;
	}
	return found ? found : bare_ids(text, ids);
}

/* --- recovery passwords --------------------------------------------------------------------------
 */

/* Bytes of what may stand between the digits of a password: blank, no-break space, dashes. */
static size_t divider(const char *p)
{
	static const char *const wide[] = {"\xc2\xa0", "\xc2\xad", "\xe2\x80\x90", "\xe2\x80\x91",
	        "\xe2\x80\x92", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x88\x92"};

	if (*p == ' ' || *p == '-' || *p == '\t' || *p == '\r' || *p == '\n')
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (strncmp(p, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

/* The run of digits and dividers at *text; moves behind it. */
static size_t digits_of_run(const char **text)
{
	size_t digits = 0, step;

	for (;;) {
		if (isdigit((unsigned char)**text)) {
			digits++;
			(*text)++;
		} else if ((step = divider(*text)) > 0) {
			*text += step;
		} else {
			return digits;
		}
	}
}

static void copy_digits(const char *run, const char *end, struct cell_passwords *ret)
{
	size_t used = 0;

	for (; run < end; run++) {
		if (!isdigit((unsigned char)*run))
			continue;
		if (ret->count < CELL_MANY)
			ret->digits[ret->count][used] = *run;
		if (++used == CELL_DIGITS) {
			ret->count += ret->count <= CELL_MANY;
			used = 0;
		}
	}
}

/* A GUID's digits are none of a password, even right before one. */
static bool is_id(const char *text)
{
	char piece[GUID_TEXT];
	struct guid id;

	if (strnlen(text, GUID_TEXT - 1) < GUID_TEXT - 1 || text[8] != '-')
		return false;
	memcpy(piece, text, GUID_TEXT - 1);
	piece[GUID_TEXT - 1] = 0;
	return guid_parse(piece, &id) == 0;
}

size_t cell_passwords(const char *text, struct cell_passwords *ret)
{
	size_t found = 0;

	while (*text) {
		if (is_id(text)) {
			text += GUID_TEXT - 1;
			continue;
		}
		const char *run = text;
		size_t digits = digits_of_run(&text);
		if (digits >= CELL_DIGITS && digits % CELL_DIGITS == 0) {
			copy_digits(run, text, ret);
			found += digits / CELL_DIGITS;
		}
		if (*text)
			text++;
	}
	return found;
}

/* --- neither -------------------------------------------------------------------------------------
 */

enum cell_filler cell_filler(const char *text)
{
	static const char *const no_data[] = {"NOData", "No Data", "N/A", "NA", "none", "-", "nil",
	        "not found", "notfound", "no key"};

	if (!*text)
		return CELL_EMPTY;
	if (strcasecmp(text, "NULL") == 0 || strcasecmp(text, "(null)") == 0)
		return CELL_NULL;
	if (strncasecmp(text, "System.", 7) == 0)
		return CELL_OBJECT;
	for (size_t i = 0; i < sizeof(no_data) / sizeof(no_data[0]); i++)
		if (strcasecmp(text, no_data[i]) == 0)
			return CELL_NO_DATA;
	size_t number = strspn(text, "0123456789.,");
	if (number > 0 && strncasecmp(text + number, "E+", 2) == 0)
		return CELL_SPREADSHEET;
	return CELL_OTHER;
}

size_t cell_count_digits(const char *text)
{
	size_t digits = 0;

	for (; *text; text++)
		digits += isdigit((unsigned char)*text) != 0;
	return digits;
}
