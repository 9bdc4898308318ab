/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what serve hands to the process that asks the key sources. */
#include "appliance/fetch/settings.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_settings s = {0};
	struct error err = {0};

	must(sodium_init() >= 0);
	int r = source_settings_parse((const char *)data, size, &s, &err);
	must_explain(r, &err);
	must(r == 0 || (s.count == 0 && !s.text));
	must(s.count <= NM_MAX_SOURCES);
	for (size_t i = 0; i < s.count; i++) {
		const struct source_options *o = &s.sources[i].options;
		must(is_clean(s.sources[i].name, sizeof(s.sources[i].name)));
		must(o->name == s.sources[i].name && o->count <= SOURCE_OPTIONS_MAX);
		for (size_t k = 0; k < o->count; k++)
			must(source_option(o, o->options[k].key) == o->options[k].value);
	}
	source_settings_clear(&s);
	return 0;
}
