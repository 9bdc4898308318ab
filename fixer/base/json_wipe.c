/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/json_wipe.h"
#include "fixer/base/secret.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void wipe_and_free(void *p)
{
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

void json_wipe_init(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

void json_wipe_text(char *text)
{
	if (text)
		secret_wipe(text, strlen(text));
	free(text);
}
