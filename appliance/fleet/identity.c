/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/identity.h"
#include "fixer/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool one_byte_all_over(const struct guid *g)
{
	for (size_t i = 1; i < GUID_LEN; i++)
		if (g->bytes[i] != g->bytes[0])
			return false;
	return true;
}

void identity_uuid(const char *text, char ret[UUID_TEXT])
{
	static const char *const samples[] = {"03000200-0400-0500-0006-000700080009",
	        "00020003-0004-0005-0006-000700080009", "12345678-1234-5678-90AB-CDDEEFAABBCC",
	        "12345678-1234-1234-1234-123456789ABC", "00112233-4455-6677-8899-AABBCCDDEEFF",
	        "01234567-89AB-CDEF-0123-456789ABCDEF"};
	struct guid guid;

	ret[0] = 0;
	if (text[0] == '{' || guid_parse(text, &guid) < 0 || one_byte_all_over(&guid))
		return;
	guid_format(&guid, ret);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (strcmp(ret, samples[i]) == 0)
			ret[0] = 0;
}

void identity_uuid_swapped(const char *uuid, char ret[UUID_TEXT])
{
	static const int order[8] = {3, 2, 1, 0, 5, 4, 7, 6};
	struct guid guid, swapped;

	ret[0] = 0;
	if (guid_parse(uuid, &guid) < 0)
		return;
	swapped = guid;
	for (size_t i = 0; i < 8; i++)
		swapped.bytes[i] = guid.bytes[order[i]];
	guid_format(&swapped, ret);
}

void identity_string(const char *text, char ret[NM_MAX_NAME + 1])
{
	static const char *const fillers[] = {"To be filled by O.E.M.", "Default string",
	        "Not Specified", "Not Applicable", "Not Available", "None", "N/A", "Unknown",
	        "Invalid", "Empty", "OEM", "System Serial Number", "System Product Name",
	        "System manufacturer", "Chassis Serial Number", "Serial Number", "0"};

	while (*text == ' ')
		text++;
	text_clean(ret, NM_MAX_NAME + 1, text);
	for (size_t len = strlen(ret); len > 0 && ret[len - 1] == ' '; len--)
		ret[len - 1] = 0;
	for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
		if (strcasecmp(ret, fillers[i]) == 0)
			ret[0] = 0;
}

void identity_serial(const char *text, char ret[NM_MAX_NAME + 1])
{
	size_t same = 1, next = 1;

	identity_string(text, ret);
	size_t len = strlen(ret);
	if (len == 0)
		return;
	for (; same < len && ret[same] == ret[0]; same++)
		;
	for (; next < len && ret[next] - '0' == (ret[next - 1] - '0' + 1) % 10; next++)
		;
	bool counted = next == len && len >= 6 && (ret[0] == '0' || ret[0] == '1');
	if ((same == len && (len > 2 || ret[0] == '0')) || counted)
		ret[0] = 0;
}

void identity_upper(char *text)
{
	for (; *text; text++)
		if (*text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
}

enum comparison { UNKNOWN, SAME, LISTED_OTHERWISE, SHOWN_OTHERWISE };

static bool same_uuid(const char *a, const char *b)
{
	char swapped[UUID_TEXT];

	identity_uuid_swapped(b, swapped);
	return strcasecmp(a, b) == 0 || strcasecmp(a, swapped) == 0;
}

static bool same_serial(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

static enum comparison compare(const char *asked, const char *shown, const char *listed,
        bool (*same)(const char *a, const char *b))
{
	if (!asked[0] || (!shown[0] && !listed[0]))
		return UNKNOWN;
	if (same(asked, shown[0] ? shown : listed))
		return SAME;
	return shown[0] ? SHOWN_OTHERWISE : LISTED_OTHERWISE;
}

enum identity_fit identity_fit(const struct identity *asked, const struct identity *shown,
        const struct identity *listed, bool mac)
{
	enum comparison uuid = compare(asked->uuid, shown->uuid, listed->uuid, same_uuid);
	enum comparison serial = compare(asked->serial, shown->serial, listed->serial, same_serial);

	if (serial == SAME && uuid == SAME)
		return FIT_BOTH;
	if (serial == SAME)
		return uuid == SHOWN_OTHERWISE && !mac ? FIT_NONE : FIT_SERIAL;
	if (uuid == SAME)
		return serial == SHOWN_OTHERWISE && !mac ? FIT_NONE : FIT_UUID;
	return mac && uuid == UNKNOWN && serial == UNKNOWN ? FIT_MAC : FIT_NONE;
}

void identity_conflict(const struct machine *m, char ret[sizeof(((struct machine *)0)->conflict)])
{
	const size_t size = sizeof(m->conflict);
	bool serial =
	        m->serial[0] && m->listed_serial[0] && !same_serial(m->serial, m->listed_serial);
	bool uuid = m->uuid[0] && m->listed_uuid[0] && !same_uuid(m->uuid, m->listed_uuid);

	ret[0] = 0;
	if (serial)
		(void)snprintf(ret, size, "its serial is %.40s, the inventory says %.40s",
		        m->serial, m->listed_serial);
	if (uuid)
		(void)snprintf(ret + strlen(ret), size - strlen(ret),
		        "%sits UUID is %s, the inventory says %s", serial ? "; " : "", m->uuid,
		        m->listed_uuid);
}
