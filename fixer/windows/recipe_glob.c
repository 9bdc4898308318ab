/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/bytes.h"
#include "fixer/windows/recipe.h"

#include <stddef.h>

static uint16_t fold(uint16_t c, const uint16_t *upcase)
{
	if (upcase)
		return get_le16(&upcase[c]);
	return c >= 'a' && c <= 'z' ? (uint16_t)(c - 'a' + 'A') : c;
}

/* On a mismatch only the last '*' has to be tried again, one unit further: earlier ones can't help.
 */
bool recipe_glob_match(
        const char *glob, const uint16_t *name, size_t name_len, const uint16_t *upcase)
{
	const char *retry_glob = NULL;
	size_t at = 0, retry_at = 0;

	while (at < name_len) {
		uint16_t unit = get_le16(&name[at]);
		if (*glob == '*') {
			retry_glob = ++glob;
			retry_at = at;
		} else if (*glob &&
		           (*glob == '?' || fold((uint8_t)*glob, upcase) == fold(unit, upcase))) {
			glob++;
			at++;
		} else if (retry_glob) {
			glob = retry_glob;
			at = ++retry_at;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == 0;
}
