/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How names, times and bytes look in the dump. */
#include "tests/ntfscheck/internal.h"

#include <time.h>

#define NAME_LEN  64
#define NAME_AT   66
#define EPOCH_GAP 11644473600ll /* seconds from 1601 to 1970 */
#define TICKS     10000000ull   /* of a FILETIME, in a second */

void dump_text(FILE *out, const uint8_t *name, size_t len)
{
	(void)fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		uint16_t c = le16(name + 2 * i);
		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
			(void)fputc(c, out);
		else
			(void)fprintf(out, "\\u%04X", c);
	}
	(void)fputc('"', out);
}

void dump_hex(FILE *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		(void)fprintf(out, "%02x", bytes[i]);
}

void dump_times(FILE *out, const uint8_t *times)
{
	static const char *const labels[] = {"created", "modified", "changed", "accessed"};

	for (size_t i = 0; i < 4; i++) {
		uint64_t ticks = le64(times + 8 * i);
		time_t seconds = (time_t)(ticks / TICKS) - EPOCH_GAP;
		struct tm tm;
		char text[40];
		if (!gmtime_r(&seconds, &tm) ||
		        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
			text[0] = 0;
		(void)fprintf(out, " %s %s.%07uZ", labels[i], text, (unsigned)(ticks % TICKS));
	}
}

void dump_file_name(FILE *out, const uint8_t *value)
{
	static const char *const spaces[] = {"posix", "win32", "dos", "win32+dos"};
	uint8_t space = value[NAME_LEN + 1];
	uint64_t parent = le64(value);

	(void)fprintf(out, " %s ", space < 4 ? spaces[space] : "?");
	dump_text(out, value + NAME_AT, value[NAME_LEN]);
	(void)fprintf(out, " in %ju-%u", (uintmax_t)REF_NUMBER(parent), REF_SEQUENCE(parent));
	dump_times(out, value + 8);
	(void)fprintf(out, " allocated %ju size %ju attributes 0x%x reparse 0x%x",
	        (uintmax_t)le64(value + 40), (uintmax_t)le64(value + 48), le32(value + 56),
	        le32(value + 60));
}
