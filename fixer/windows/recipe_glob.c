/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"
#include "fixer/windows/recipe_internal.h"

static uint16_t fold(uint16_t c, const uint16_t *upcase)
{
	if (upcase)
		return get_le16(&upcase[c]);
	return c >= 'a' && c <= 'z' ? (uint16_t)(c - 'a' + 'A') : c;
}

/* On a mismatch only the last '*' has to be tried again, one unit further: earlier ones can't help.
 */
static bool match_units(const uint16_t *glob, size_t glob_len, const uint16_t *name,
        size_t name_len, const uint16_t *upcase)
{
	size_t g = 0, at = 0, retry_glob = 0, retry_at = 0; /* retry_glob 0: no '*' yet */

	while (at < name_len) {
		uint16_t unit = get_le16(&name[at]), want = g < glob_len ? get_le16(&glob[g]) : 0;
		if (g < glob_len && want == '*') {
			retry_glob = ++g;
			retry_at = at;
		} else if (g < glob_len &&
		           (want == '?' || fold(want, upcase) == fold(unit, upcase))) {
			g++;
			at++;
		} else if (retry_glob > 0) {
			g = retry_glob;
			at = ++retry_at;
		} else {
			return false;
		}
	}
	while (g < glob_len && get_le16(&glob[g]) == '*')
		g++;
	return g == glob_len;
}

bool recipe_glob_match(
        const char *glob, const uint16_t *name, size_t name_len, const uint16_t *upcase)
{
	uint16_t units[RECIPE_GLOB_MAX];
	size_t len;

	return utf8_to_utf16(glob, units, RECIPE_GLOB_MAX, &len) == 0 &&
	       match_units(units, len, name, name_len, upcase);
}

/* Whether two patterns fit one name: rows of the table are the rest of a, columns the rest of b. */
bool recipe_globs_meet(const char *a, const char *b)
{
	uint16_t ua[RECIPE_GLOB_MAX], ub[RECIPE_GLOB_MAX];
	bool meet[RECIPE_GLOB_MAX + 1][RECIPE_GLOB_MAX + 1] = {0};
	size_t na, nb;

	if (utf8_to_utf16(a, ua, RECIPE_GLOB_MAX, &na) < 0 ||
	        utf8_to_utf16(b, ub, RECIPE_GLOB_MAX, &nb) < 0)
		return false;
	for (size_t i = na + 1; i-- > 0;) {
		for (size_t j = nb + 1; j-- > 0;) {
			uint16_t x = i < na ? get_le16(&ua[i]) : 0,
			         y = j < nb ? get_le16(&ub[j]) : 0;
			if (i == na && j == nb)
				meet[i][j] = true;
			else if (i < na && x == '*')
				meet[i][j] = meet[i + 1][j] || (j < nb && meet[i][j + 1]);
			else if (j < nb && y == '*')
				meet[i][j] = meet[i][j + 1] || (i < na && meet[i + 1][j]);
			else if (i < na && j < nb)
				meet[i][j] =
				        (x == '?' || y == '?' || fold(x, NULL) == fold(y, NULL)) &&
				        meet[i + 1][j + 1];
		}
	}
	return meet[0][0];
}
