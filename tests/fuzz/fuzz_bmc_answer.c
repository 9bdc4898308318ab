/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what netmend-power says to escrow: a report, or a screen. */
#include "appliance/escrow/bmc/answer.h"
#include "tests/fuzz/fuzz.h"

/* Whatever comes out can go to a page, at any depth. */
static void look_at(json_t *j)
{
	const char *name;
	json_t *one;
	size_t i;

	if (json_is_string(j))
		must(is_clean(json_string_value(j), json_string_length(j) + 1));
	json_array_foreach(j, i, one) look_at(one);
	json_object_foreach(j, name, one) look_at(one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *j = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	for (int console = 0; console < 2; console++) {
		struct bmc_answer a;
		if (bmc_answer_parse(j, console, &a) < 0)
			continue;
		must(is_clean(a.text, sizeof(a.text)) && json_object_size(a.more) > 0);
		look_at(a.more);
		bmc_answer_drop(&a);
	}
	json_decref(j);
	return 0;
}
