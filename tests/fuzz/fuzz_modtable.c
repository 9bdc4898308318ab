/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is the table of modules; what follows a NUL is a device to look up in it. */
#include "fixer/base/cleanup.h"
#include "initrd/init/modtable.h"
#include "tests/fuzz/fuzz.h"

/* fnmatch takes exponential time for many wildcards: the kernel's patterns have few of them. */
#define WILDCARDS_MAX 8

static size_t count_of(const char *text, char wanted)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == wanted;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = text_of(data, size);
	struct modtable table = {0};
	struct error err = {0};
	size_t len = strlen(text), aliases = 0;

	int r = modtable_parse(text, &table, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	for (size_t i = 0; i < table.count; i++) {
		const struct modtable_entry *entry = &table.entries[i];
		must(entry->name[0] && entry->path[0] && entry->first_alias == aliases);
		aliases += entry->alias_count;
		must(modtable_find(&table, entry->name));
		if (len < size && size - len < 64 && count_of(text, '*') <= WILDCARDS_MAX)
			(void)modtable_matches(&table, entry, text + len + 1);
	}
	must(aliases == table.alias_count);
	modtable_free(&table);
	return 0;
}
