/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/cleanup.h"
#include "initrd/mkinitrd/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Depth first: what a module needs comes before it. done breaks the cycles soft dependencies may
 * make. */
static int write_needs(const struct module_set *set, unsigned index, bool *done, struct buffer *out)
{
	const struct module *m = &set->modules[index];

	for (unsigned i = 0; i < m->need_count; i++) {
		unsigned need = m->needs[i];
		if (done[need])
			continue;
		done[need] = true;
		int r = write_needs(set, need, done, out);
		if (r == 0)
			r = buffer_printf(out, " %s", set->modules[need].name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_module(const struct module_set *set, unsigned index, const char *path, bool *done,
        struct buffer *out)
{
	const struct module *m = &set->modules[index];
	int r = buffer_printf(out, "module %s %s\n", m->name, path);

	memset(done, 0, set->count * sizeof(*done));
	done[index] = true;
	if (r == 0 && m->need_count > 0)
		r = buffer_printf(out, "needs");
	if (r == 0)
		r = write_needs(set, index, done, out);
	if (r == 0 && m->need_count > 0)
		r = buffer_printf(out, "\n");
	for (unsigned i = 0; i < m->alias_count && r == 0; i++)
		r = buffer_printf(out, "alias %s\n", m->aliases[i]);
	return r;
}

int module_set_write_table(
        const struct module_set *set, const char *directory, const char *prefix, struct buffer *out)
{
	CLEANUP_FREE bool *done = calloc(set->count + 1, sizeof(*done));
	size_t cut = strlen(directory);
	int r = done ? 0 : -ENOMEM;

	for (unsigned i = 0; i < set->count && r == 0; i++) {
		CLEANUP_FREE char *path = NULL;
		if (strncmp(set->modules[i].path, directory, cut) != 0)
			return -EINVAL;
		if (asprintf(&path, "%s%s", prefix, set->modules[i].path + cut) < 0)
			return -ENOMEM;
		r = write_module(set, i, path, done, out);
	}
	return r;
}
