/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/source.h"

#include <string.h>

const char *source_option(const struct source_options *o, const char *key)
{
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->options[i].key, key) == 0)
			return o->options[i].value;
	return NULL;
}

void source_answer_clear(struct source_answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		secret_free(a->candidates[i].password);
	*a = (struct source_answer){0};
}

static const struct source_ops *const kinds[] = {&source_ldap, &source_graph, &source_exec};

const struct source_ops *source_kind(const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->type, type) == 0)
			return kinds[i];
	return NULL;
}
