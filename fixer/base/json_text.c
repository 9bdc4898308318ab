/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *text)
{
	json_t *string = json_string(text);
	char *ascii = string ? NULL : strdup(text);

	if (!ascii)
		return string;
	for (char *c = ascii; *c; c++)
		if ((unsigned char)*c > 0x7e)
			*c = '?';
	string = json_string(ascii);
	free(ascii);
	return string;
}
